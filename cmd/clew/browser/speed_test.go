//go:build browser

package browser_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// writeMany writes the lines of some traces. Each trace has lines/22 calls, each with a request
// below it. Each call and each request has ten more lines.
func writeMany(t *testing.T, to io.Writer, traces, lines int) {
	t.Helper()
	begin := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	for trace := range traces {
		at := begin.Add(time.Duration(trace) * time.Minute)
		write := func(service, span, parent string, format string, args ...any) {
			at = at.Add(137 * time.Microsecond)
			_, err := fmt.Fprintf(to, `{"time":"%s","level":"info","service":"%s","trace_id":"5759e988bd862e3f%016x","span_id":"%s","parent_id":"%s",%s}`+"\n",
				at.Format(time.RFC3339Nano), service, trace+1, span, parent, fmt.Sprintf(format, args...))
			require.NoError(t, err)
		}
		for n := range lines / 22 {
			root, call, request := "000000000000ffff", fmt.Sprintf("%016x", 2*n+1), fmt.Sprintf("%016x", 2*n+2)
			for line := range 20 {
				service, span := []string{"shop", "image"}[line/10], []string{call, request}[line/10]
				write(service, span, "", `"message":"step %d of order %d: looked at the shelf and counted what was there","user":"u%d"`, line, n, n%97)
			}
			write("image", request, call, `"message":"request","bytes":10,"remote":"10.0.0.1:2000","method":"GET","path":"/image/%d","route":"/image/{id}","status":%d,"duration_ms":1.5`, n, 200+300*(n%50/49))
			write("shop", call, root, `"message":"call","method":"GET","host":"image:8080","path":"/image/%d","status":%d,"duration_ms":2.9`, n, 200+300*(n%50/49))
		}
	}
}

// On a usual machine, a trace of 10,000 spans and 100,000 lines is painted within a second, and no
// frame takes more than 100 ms while the page scrolls. The test prints the figures. Because
// machines differ, it fails only at three times these durations or more.
func TestSpeed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "app.log")
	log, err := os.Create(file)
	require.NoError(t, err)
	writeMany(t, log, 1, 110_000)
	require.NoError(t, log.Close())
	address := draw(t, "5759e988bd862e3f0000000000000001", file)
	size, err := os.Stat(address[len("file://"):])
	require.NoError(t, err)

	p := opened(t, address)
	assert.Equal(t, 110_001, value[int](t, p.ctx, `page.model.nodes.length`))
	assert.Equal(t, 10_001, value[int](t, p.ctx, `page.model.tree.spans.length`))
	paint := value[float64](t, p.ctx, `performance.getEntriesByName("first-contentful-paint")[0].startTime`)
	shown := value[float64](t, p.ctx, `performance.getEntriesByName("shown")[0].startTime`)
	scrolled := value[struct{ Frames, Worst, Median float64 }](t, p.ctx, scrollThrough)
	rows := value[int](t, p.ctx, `document.querySelectorAll("#view .row").length`)
	searched := value[float64](t, p.ctx, `(() => { const from = performance.now(); page.search.find("order 4999:"); return performance.now() - from; })()`)
	folded := value[float64](t, p.ctx, `(() => { const from = performance.now(); page.foldAll(); return performance.now() - from; })()`)
	t.Logf("a page of %d MB: first paint %.0f ms, rows after %.0f ms; scrolling, %.0f frames, the median %.1f ms, the longest %.1f ms; search %.0f ms, folding all %.0f ms; %d rows in the page",
		size.Size()>>20, paint, shown, scrolled.Frames, scrolled.Median, scrolled.Worst, searched, folded, rows)
	assert.Less(t, paint, 3000.0)
	assert.Less(t, shown, 6000.0)
	assert.Less(t, scrolled.Worst, 300.0)
	assert.Less(t, rows, 100, "number of rows in the page, which should have only those in view")
	assert.Contains(t, p.text(`document.querySelector("#search-count").textContent`), "20 matches")
}

// scrollThrough scrolls from the first row to the last in 300 frames, and then back in 200 frames
// of 40 pixels. It returns the number of frames, and the longest and the median time of a frame.
const scrollThrough = `new Promise((resolve) => {
	const grid = document.querySelector("#grid"), end = grid.scrollHeight - grid.clientHeight, took = [];
	let last = performance.now();
	const frame = () => {
		const now = performance.now();
		took.push(now - last);
		last = now;
		if (took.length === 501) {
			took.shift();
			took.sort((a, b) => a - b);
			return resolve({Frames: took.length, Worst: took[took.length - 1], Median: took[took.length >> 1]});
		}
		grid.scrollTop = took.length <= 300 ? end * took.length / 300 : grid.scrollTop - 40;
		requestAnimationFrame(frame);
	};
	requestAnimationFrame(frame);
})`
