//go:build browser

package browser_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// clew is the path of the command, and mapPages is a folder with pages of maps. TestMain makes
// both.
var clew, mapPages string

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "clew-browser")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	clew = filepath.Join(dir, "clew")
	build := exec.Command("go", "build", "-o", clew, ".")
	build.Dir = ".."
	if said, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build: %w\n%s", err, said)
	}
	mapPages = filepath.Join(dir, "maps")
	if err := os.Mkdir(mapPages, 0o700); err != nil {
		return 0, err
	}
	draw := exec.Command("go", "test", "-count=1", "-run", "^TestPages$", "./internal/servicemap")
	draw.Dir, draw.Env = "..", append(os.Environ(), "CLEW_PAGES="+mapPages)
	if said, err := draw.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go test: %w\n%s", err, said)
	}
	return m.Run(), nil
}

// fleet is the folder with the logs of eight services. fleetID is the ID of a trace in these logs.
const (
	fleet   = "../testdata/fleet"
	fleetID = "5759e988bd862e3fe1be46a994272793"
)

// draw writes the page of clew timeline with these arguments, and returns the page's URL.
func draw(t *testing.T, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.html")
	out, err := os.Create(file)
	require.NoError(t, err)
	defer out.Close()
	command := exec.Command(clew, append([]string{"timeline", "-o", "html"}, args...)...)
	command.Stdout, command.Stderr = out, os.Stderr
	require.NoError(t, command.Run())
	return "file://" + file
}

// page is a page in a separate browser.
type page struct {
	t     *testing.T
	ctx   context.Context
	wrong atomic.Pointer[string] // an error in a script
}

// opened runs the actions, and then opens address in a window of 1280 by 800.
func opened(t *testing.T, address string, actions ...chromedp.Action) *page {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.WindowSize(1280, 800))
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	tab, cancelTab := chromedp.NewContext(allocator)
	ctx, cancel := context.WithTimeout(tab, time.Minute)
	t.Cleanup(func() {
		cancel()
		cancelTab()
		cancelAllocator()
	})
	p := &page{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, func(event any) {
		if e, ok := event.(*runtime.EventExceptionThrown); ok {
			said := e.ExceptionDetails.Error()
			p.wrong.Store(&said)
		}
	})
	do(t, ctx, chromedp.EmulateViewport(1280, 800))
	do(t, ctx, actions...)
	do(t, ctx, chromedp.Navigate(address))
	return p
}

// schemeOf sets the colour scheme that the browser prefers: light or dark.
func schemeOf(scheme string) chromedp.Action {
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}})
}

func do(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	require.NoError(t, chromedp.Run(ctx, actions...))
}

// value returns the value of a JavaScript expression.
func value[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	var v T
	do(t, ctx, chromedp.Evaluate(expression, &v, awaits))
	return v
}

func awaits(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

// wait waits until an expression is true.
func (p *page) wait(expression string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return value[bool](p.t, p.ctx, expression) }, 20*time.Second, 20*time.Millisecond, expression)
}

// click clicks on the element that a selector finds.
func (p *page) click(selector string) {
	p.t.Helper()
	// The clipboard needs a user gesture.
	gesture := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithUserGesture(true) }
	do(p.t, p.ctx, chromedp.Evaluate(fmt.Sprintf("document.querySelector(%q).click()", selector), nil, gesture))
}

// key presses keys like a keyboard. If a script calls preventDefault for keydown, the key writes
// no text.
func (p *page) key(keys string, modifiers ...input.Modifier) {
	p.t.Helper()
	for _, r := range keys {
		for _, k := range kb.Encode(r) {
			if k.Type == input.KeyChar {
				continue
			}
			if k.Type == input.KeyDown && unicode.IsPrint(r) && r < 0x7f {
				k.Text = string(r)
			}
			for _, modifier := range modifiers {
				k.Modifiers |= modifier
			}
			do(p.t, p.ctx, k)
		}
	}
}

// text returns the value of an expression that is a string.
func (p *page) text(expression string) string {
	p.t.Helper()
	return value[string](p.t, p.ctx, expression)
}

// rows returns the texts of the rows in view.
func (p *page) rows() []string {
	p.t.Helper()
	return value[[]string](p.t, p.ctx, `[...document.querySelectorAll("#view .what")].map((row) => row.innerText.replace(/\s+/g, " ").trim())`)
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}

// writeFile writes a file into a new folder, and returns its path.
func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}
