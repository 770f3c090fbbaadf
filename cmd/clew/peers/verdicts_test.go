package peers_test

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// named returns the peer with this name.
func named(name string) peer {
	i := slices.IndexFunc(peers, func(p peer) bool { return p.name == name })
	return peers[i]
}

// examined runs clew doctor on a peer. The evidence is the peer's log if logs is true, and the
// requests that the peer sends if listen is true.
func examined(t *testing.T, p peer, logs, listen bool, args ...string) result {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "service.log"))
	require.NoError(t, err)
	t.Cleanup(func() { file.Close() })
	to := p.serve(t, file) + "/"
	if logs {
		args = append(args, "--logs", file.Name())
	}
	if listen {
		here := free(t)
		to += "call?to=" + url.QueryEscape("http://"+here+"/")
		args = append(args, "--listen", here)
	}
	return asJSON(t, append(args, to)...)
}

// kinds returns the kinds of the findings in a place, such as "logs", and how many canaries show
// each kind. It adds "!" to a kind that is a fault. Canaries are the requests of clew doctor.
func (tg target) kinds(where string) map[string]int {
	found := map[string]int{}
	for _, f := range tg.Findings {
		if f.Where == where {
			found[f.Kind+map[bool]string{true: "!"}[f.Fault]] = f.Count
		}
	}
	return found
}

// usual reports whether clew doctor sends the headers of this row by default. By default it sends
// both widths, three states, both encodings, and IDs with zeros in front.
func usual(tr truth) bool {
	switch name := strings.Split(tr.name, ", "); {
	case len(name) == 4:
		return name[1] == "zero high half" && name[2] == "accept"
	case len(name) == 3:
		return (name[0] == "64" || name[0] == "128") && name[1] != "debug"
	}
	return false
}

// expected returns the findings about the requests that a peer sends, as they follow from the
// peer's column in the table truths. The form is that of kinds.
func expected(column func(truth) string) map[string]int {
	want := map[string]int{}
	for _, tr := range truths {
		if !usual(tr) {
			continue
		}
		id, state, _ := strings.Cut(column(tr), " ")
		want[map[string]string{"same": "adopted", "wide": "padded!", "narrow": "truncated!", "new": "restarted!"}[id]]++
		came := ""
		switch {
		case strings.Contains(tr.name, "deny"):
			came = "0"
		case strings.Contains(tr.name, "accept"):
			came = "1"
		}
		if came != "" && came != state && id != "new" {
			want["resampled!"]++
		}
	}
	delete(want, "")
	return want
}

// plus adds the findings about the canaries that have no row in the table truths. Two of them send
// traceparent. The third has its call redirected: it sends X-B3 headers with a 64-bit ID and the
// decision accept.
func plus(want map[string]int, kinds ...string) map[string]int {
	for _, kind := range kinds {
		want[kind]++
	}
	return want
}

// clew doctor gives each peer the right verdict, and reports the findings that follow from the
// table of truths.
func TestVerdicts(t *testing.T) {
	w3c := "restarted" // both canaries with traceparent show this kind, and it is no fault
	tests := []struct {
		peer    string
		verdict string
		code    int
		sentOn  map[string]int
	}{
		{"clew", "adopted", 0, plus(expected(func(tr truth) string { return tr.clew }), "adopted", w3c, w3c)},
		{"clew, W3C", "adopted", 0, plus(expected(func(tr truth) string { return tr.w3c }), "adopted", "adopted", "adopted")},
		{"clew, TrustIDs", "resampled", 1, plus(expected(func(tr truth) string { return tr.trustIDs }), "adopted", "resampled!", w3c, w3c)},
		{"clew, TrustNone", "restarted", 1, plus(expected(func(tr truth) string { return tr.trustNone }), "restarted!", "restarted!", "restarted!")},
		{"zipkin-go", "truncated", 1, plus(expected(func(tr truth) string { return tr.zipkin }), "adopted", "leaked!", w3c, w3c)},
		{"otelhttp", "padded", 1, plus(expected(func(tr truth) string { return tr.otel }), "padded!", "leaked!", w3c, w3c)},
		{"proxy", "unchanged", 0, map[string]int{"unchanged": 17}},
		{"none", "dropped", 1, map[string]int{"dropped!": 17}},
	}
	for _, test := range tests {
		t.Run(test.peer, func(t *testing.T) {
			t.Parallel()
			r := examined(t, named(test.peer), false, true)
			require.Len(t, r.Targets, 1)
			assert.Equal(t, test.verdict, r.Targets[0].Verdict)
			assert.Equal(t, test.code, r.code)
			assert.Equal(t, test.sentOn, r.Targets[0].kinds("sent on"))
			for _, f := range r.Targets[0].Findings {
				assert.NotEmpty(t, f.Says, "%+v", f)
				assert.NotEmpty(t, f.Canary, "%+v", f)
				assert.LessOrEqual(t, f.Count, f.Of, "%+v", f)
				assert.Equal(t, f.Fault, f.Fault && f.Remedy != "", "%+v", f)
			}
		})
	}
}

// Log lines alone lead to the same verdict as the requests that a peer sends, because each peer
// with tracing logs the ID that it sends on.
func TestVerdictsByLines(t *testing.T) {
	tests := []struct {
		peer    string
		verdict string
		code    int
		lines   map[string]int
	}{
		{"clew", "adopted", 0, map[string]int{"adopted": 14, "restarted": 2}},
		{"clew, W3C", "adopted", 0, map[string]int{"adopted": 16}},
		// clew logs the ID that it did not trust. It does not read traceparent, so the lines do
		// not show the IDs of the two canaries with traceparent.
		{"clew, TrustNone", "restarted", 1, map[string]int{"restarted!": 14}},
		{"zipkin-go", "truncated", 1, map[string]int{"adopted": 12, "truncated!": 2}},
		{"otelhttp", "padded", 1, map[string]int{"adopted": 8, "padded!": 6}},
		{"none", "unknown", 3, map[string]int{}},
	}
	for _, test := range tests {
		t.Run(test.peer, func(t *testing.T) {
			t.Parallel()
			r := examined(t, named(test.peer), true, false)
			require.Len(t, r.Targets, 1)
			assert.Equal(t, test.verdict, r.Targets[0].Verdict)
			assert.Equal(t, test.code, r.code)
			got := r.Targets[0].kinds("logs")
			// clew doctor cannot assign a line with another ID to a canary.
			delete(test.lines, "restarted")
			delete(got, "restarted")
			assert.Equal(t, test.lines, got)
		})
	}
}

// By default, clew doctor has only the response as evidence. If no header of the response names
// the trace, the verdict is unknown.
func TestVerdictsByResponse(t *testing.T) {
	tests := []struct {
		peer, verdict string
		code          int
	}{
		{"clew", "adopted", 0},
		// The response's header has the ID without the sampling decision. clew doctor says so.
		{"clew, TrustIDs", "adopted", 0},
		{"clew, TrustNone", "restarted", 1},
		{"zipkin-go", "unknown", 3},
		{"otelhttp", "unknown", 3},
		{"none", "unknown", 3},
	}
	for _, test := range tests {
		t.Run(test.peer, func(t *testing.T) {
			t.Parallel()
			r := examined(t, named(test.peer), false, false)
			require.Len(t, r.Targets, 1)
			assert.Equal(t, test.verdict, r.Targets[0].Verdict)
			assert.Equal(t, test.code, r.code)
			if test.verdict == "adopted" {
				assert.Contains(t, r.Targets[0].Says, "The decision was not seen")
			}
			if test.code == 3 {
				assert.Empty(t, r.Targets[0].Findings)
				assert.Empty(t, r.Targets[0].Evidence)
			}
		})
	}
}

// With --hostile, findings name the headers that crash a peer, and those that it misreads.
func TestVerdictsHostile(t *testing.T) {
	tests := []struct {
		peer, verdict string
		code          int
		kinds         []string
	}{
		{"clew", "adopted", 0, nil},
		// zipkin-go panics with a slice index out of range, and sends no answer.
		{"zipkin-go", "crashed", 1, []string{"crashed!", "misread!"}},
		{"otelhttp", "misread", 1, []string{"misread!", "padded!"}},
		// The service behind the proxy gets the headers.
		{"proxy", "unchanged", 0, []string{"echoed"}},
	}
	for _, test := range tests {
		t.Run(test.peer, func(t *testing.T) {
			t.Parallel()
			r := examined(t, named(test.peer), test.peer != "proxy", true, "--hostile")
			require.Len(t, r.Targets, 1)
			assert.Equal(t, test.verdict, r.Targets[0].Verdict)
			assert.Equal(t, test.code, r.code)
			var faults []string
			for _, f := range r.Targets[0].Findings {
				faults = append(faults, f.Kind+map[bool]string{true: "!"}[f.Fault])
			}
			for _, kind := range test.kinds {
				assert.Contains(t, faults, kind)
			}
		})
	}
}

// With --debug, clew doctor reports each peer that believes a caller's debug flag. With TrustIDs
// or TrustNone, clew does not believe it: they are meant for services with callers from outside.
func TestVerdictsDebug(t *testing.T) {
	for peer, believed := range map[string]bool{
		"clew": true, "zipkin-go": true, "otelhttp": true, "clew, TrustIDs": false, "clew, TrustNone": false, "none": false,
	} {
		t.Run(peer, func(t *testing.T) {
			t.Parallel()
			r := examined(t, named(peer), false, true, "--debug")
			require.Len(t, r.Targets, 1)
			_, found := r.Targets[0].kinds("sent on")["debug believed!"]
			assert.Equal(t, believed, found, "%+v", r.Targets[0].Findings)
		})
	}
}

// The text is for people: SHOW=1 go test -v -run TestText shows it. This test only looks for the
// verdict and the number of requests.
func TestText(t *testing.T) {
	for peer, verdict := range map[string]string{
		"clew": "adopted", "zipkin-go": "truncated", "otelhttp": "padded", "proxy": "unchanged", "none": "dropped",
	} {
		t.Run(peer, func(t *testing.T) {
			t.Parallel()
			here := free(t)
			to := fmt.Sprintf("%s/call?to=%s", named(peer).serve(t, io.Discard), url.QueryEscape("http://"+here+"/"))
			r := doctor(t, "--listen", here, to)
			shown, _, _ := strings.Cut(to, "=")
			assert.Contains(t, r.out, shown+"=xxxxx: "+verdict+"\n")
			assert.Contains(t, r.err, "18 GET requests")
		})
	}
}
