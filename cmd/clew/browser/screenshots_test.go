//go:build browser

package browser_test

import (
	"bytes"
	"flag"
	"html"
	"image"
	"image/color"
	imagedraw "image/draw"
	"image/png"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var screenshots = flag.String("screenshots", "", "the folder for the pictures of the documentation")

// TestScreenshots draws the page, in light and dark, and the terminal's output. With the flag
// -screenshots, it writes the pictures of the documentation into that folder.
func TestScreenshots(t *testing.T) {
	folder := *screenshots
	if folder == "" {
		folder = t.TempDir()
	}
	require.NoError(t, os.MkdirAll(folder, 0o755))

	page := opened(t, draw(t, "--zipkin-ui", "http://zipkin:9411", fleetID, fleet))
	page.key("eeeee ") // opens the details of the line that explains the error
	light := page.draw(1280, 800)
	keep(t, folder, "timeline-page.png", light)
	do(t, page.ctx, schemeOf("dark"))
	assert.NotEqual(t, light, page.draw(1280, 800), "the dark picture must differ from the light one")
	drawn := mapPage(t, "shop")
	value[bool](t, drawn.ctx, `document.querySelector('`+drawn.edge("front", "price")+`').dispatchEvent(new MouseEvent("click", {bubbles: true}))`)
	keep(t, folder, "map-page.png", drawn.draw(1280, 800))
	shown := opened(t, terminal(t))
	keep(t, folder, "timeline-terminal.png", shown.draw(824, value[int64](t, shown.ctx, `document.querySelector("pre").offsetHeight `)))
}

// draw returns the page as a PNG picture.
func (p *page) draw(width, height int64) []byte {
	p.t.Helper()
	var picture []byte
	do(p.t, p.ctx, chromedp.EmulateViewport(width, height), chromedp.CaptureScreenshot(&picture))
	return picture
}

// keep writes a picture as a small file.
func keep(t *testing.T, folder, name string, picture []byte) {
	t.Helper()
	decoded, err := png.Decode(bytes.NewReader(picture))
	require.NoError(t, err)
	var small bytes.Buffer
	require.NoError(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, fewColours(decoded)))
	picture = small.Bytes()
	assert.Less(t, len(picture), 150<<10, "%s is too large for the documentation", name)
	require.NoError(t, os.WriteFile(filepath.Join(folder, name), picture, 0o644))
}

// fewColours reduces a picture to at most 256 of its colours. It takes the most frequent first,
// and skips a colour that is close to one already taken.
func fewColours(picture image.Image) image.Image {
	times := map[color.RGBA]int{}
	box := picture.Bounds()
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			times[color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)]++
		}
	}
	var palette color.Palette
	for _, c := range slices.SortedFunc(maps.Keys(times), func(a, b color.RGBA) int { return times[b] - times[a] }) {
		if len(palette) < 256 && (len(palette) == 0 || distance(c, palette.Convert(c).(color.RGBA)) > 24) {
			palette = append(palette, c)
		}
	}
	few := image.NewPaletted(box, palette)
	imagedraw.Draw(few, box, picture, box.Min, imagedraw.Src)
	return few
}

func distance(a, b color.RGBA) int {
	d := func(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }
	return d(a.R, b.R) + d(a.G, b.G) + d(a.B, b.B)
}

// colours maps the number in an escape sequence (ESC [ number m) to the CSS that looks the same.
var colours = map[string]string{
	"1": "font-weight:bold", "2": "color:#8b949e", "31": "color:#ff7b72", "33": "color:#e3b341", "36": "color:#56d4dd", "35": "color:#d2a8ff",
	"34": "color:#79b8ff", "32": "color:#7ee787", "96": "color:#b3f0ff", "95": "color:#ffb3f0", "94": "color:#a5d6ff", "92": "color:#aff5b4",
}

var colourForm = regexp.MustCompile("\x1b\\[([0-9;]*)m")

// terminal writes a page that looks like clew timeline's output in a terminal of 104 columns. It
// returns the page's URL.
func terminal(t *testing.T) string {
	t.Helper()
	shown, err := exec.Command(clew, "timeline", "--color", "always", "--width", "104", fleetID, fleet).Output()
	require.NoError(t, err)
	command := "$ clew timeline " + fleetID + " logs/\n"
	body := colourForm.ReplaceAllStringFunc(html.EscapeString(command+string(shown)), func(escape string) string {
		numbers := colourForm.FindStringSubmatch(escape)[1]
		if numbers == "0" {
			return "</span>"
		}
		var styles []string
		for number := range strings.SplitSeq(numbers, ";") {
			styles = append(styles, colours[number])
		}
		return `<span style="` + strings.Join(styles, ";") + `">`
	})
	file := filepath.Join(t.TempDir(), "terminal.html")
	require.NoError(t, os.WriteFile(file, []byte(`<!doctype html><meta charset="utf-8"><body style="margin:0;background:#0d1117;color:#e6edf3"><pre style="margin:0;padding:16px;font:12.5px/17px 'DejaVu Sans Mono',monospace">`+body+"</pre>"), 0o600))
	return "file://" + file
}
