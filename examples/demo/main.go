// Demo starts three services on loopback, and shows how one trace ID passes through all of them:
//
//	media-api ── net/http ──▶ network-information ── pool and group
//	    │
//	    └────── resty ──────▶ image-store ──▶ a database
//
// The demo sends itself requests as different callers would. For each request it prints the ID,
// the lines of all services with this ID, and the calls that follow from these lines. It draws the
// last trace, and also writes it to demo.html, a page for a browser. It exits with 0 only if each
// line has the right ID and no call is missing.
//
//	go run ./examples/demo          # run the requests and check the lines
//	go run ./examples/demo -log json -preset datadog   # the same, with lines for machines
//	go run ./examples/demo -serve   # stay up, for curl
//	go run ./examples/demo -zipkin http://127.0.0.1:9411   # and send spans there; with -serve too
//
// Without -zipkin the environment decides whether the demo sends spans, as in your own service:
// see docs/environment.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/clew/logctx"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	serve := flags.Bool("serve", false, "keep running for curl, until Ctrl-C")
	cfg := config{drain: 5 * time.Second}
	log := flags.String("log", "console", "format of the lines: console for people, or `json`")
	preset := flags.String("preset", "", "name the fields as this vendor does: datadog, google, ecs or logback")
	flags.StringVar(&cfg.zipkin, "zipkin", "", "`URL` of a Zipkin to send spans to; without it, the environment decides")
	flags.StringVar(&cfg.html, "html", "demo.html", "`file` for the last trace, as a page for a browser; \"\" for no file")
	flags.Float64Var(&cfg.ratio, "ratio", 1, "with -zipkin, the share that Zipkin gets of the traces for which the caller has not decided")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var known bool
	if cfg.preset, known = presets[*preset]; !known {
		return fmt.Errorf("-preset %q is none of datadog, google, ecs, logback", *preset)
	}
	if cfg.json = *log == "json"; !cfg.json && *log != "console" {
		return fmt.Errorf("-log %q is neither console nor json", *log)
	}
	if *serve {
		return serveUntil(ctx, out, cfg)
	}
	return sendAndCheck(ctx, out, cfg)
}

// config configures the services.
type config struct {
	json   bool          // write lines as JSON
	preset logctx.Config // the vendor's names of the fields
	zipkin string        // the URL for spans; with "" the environment decides
	html   string        // the file for the page of the last trace; "" for no file
	ratio  float64       // the share of traces that go to zipkin
	drain  time.Duration // the timeout for requests and tasks at shutdown; the spans then get the same again
}

// presets are the Configs with the vendors' names of the fields.
var presets = map[string]logctx.Config{
	"":        {},
	"datadog": logctx.Datadog(),
	"google":  logctx.GoogleCloud("demo"),
	"ecs":     logctx.ECS(),
	"logback": logctx.Logback(),
}

// names returns the Config for the lines of a service.
func (cfg config) names(service string) logctx.Config {
	names := cfg.preset
	names.Service = service
	return names
}

func serveUntil(ctx context.Context, out io.Writer, cfg config) error {
	out = &syncWriter{w: out}
	s, err := start(out, 10*time.Second, cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, `Try, in another terminal:

  curl -i %[1]s/media/1
  curl -i -H 'X-B3-TraceId: 463ac35c9f6413ad' -H 'X-B3-SpanId: a2fb4a1d1a96d312' %[1]s/media/2
  curl -i -H 'b3: 5759e988bd862e3fe1be46a994272793-a2fb4a1d1a96d312' %[1]s/media/3
  curl -i -H 'b3: 0' %[1]s/media/4
  curl -i -H 'b3: 463ac35c9f6413ad-a2fb4a1d1a96d312-d' %[1]s/media/5

`, s.mediaURL)
	if cfg.zipkin != "" {
		fmt.Fprintf(out, "then look at %s\n\n", cfg.page("<the X-B3-TraceId of the answer>"))
	}
	fmt.Fprint(out, "Ctrl-C ends it.\n\n")
	<-ctx.Done()
	fmt.Fprintln(out, "draining")
	if err := s.shutdown(); err != nil {
		return err
	}
	fmt.Fprintln(out, "bye")
	return nil
}

// call is a request that the demo sends to itself.
type call struct {
	media  string // the ID in the path; it shows to which request a line belongs
	caller string
	header http.Header
	want   string // the trace ID; "" for a new one
	debug  bool   // lines at debug level must be there
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

var calls = []call{
	{media: "1", caller: "no headers", header: header()},
	{media: "2", caller: "64-bit X-B3-*", want: "463ac35c9f6413ad",
		header: header("X-B3-TraceId", "463ac35c9f6413ad", "X-B3-SpanId", "a2fb4a1d1a96d312", "X-B3-Sampled", "1")},
	{media: "3", caller: "128-bit b3", want: "5759e988bd862e3fe1be46a994272793",
		header: header("b3", "5759e988bd862e3fe1be46a994272793-a2fb4a1d1a96d312")},
	{media: "4", caller: "deny", want: "7a3c1f0e9d2b4c58",
		header: header("b3", "7a3c1f0e9d2b4c58-a2fb4a1d1a96d312-0")},
	{media: "5", caller: "debug", want: "00000000000000004bf92f3577b34da6", debug: true,
		header: header("X-B3-TraceId", "00000000000000004bf92f3577b34da6", "X-B3-SpanId", "a2fb4a1d1a96d312", "X-B3-Flags", "1")},
}

func sendAndCheck(ctx context.Context, out io.Writer, cfg config) error {
	rec := recorder{to: out}
	s, err := start(&rec, 50*time.Millisecond, cfg)
	if err != nil {
		return err
	}
	ids := map[string]string{} // by media
	var sampled []call
	var failures []error
	for _, c := range calls {
		id, recorded, err := send(ctx, s.mediaURL, c)
		if err != nil {
			failures = append(failures, err)
		}
		ids[c.media] = id
		if recorded {
			sampled = append(sampled, c)
		}
	}
	// Two runs of the timer show that each run has its own trace.
	if err := s.timer.wait(ctx, 2); err != nil {
		failures = append(failures, err)
	}
	// After shutdown nothing writes lines any more, not even goroutines that outlive their
	// response.
	if err := s.shutdown(); err != nil {
		failures = append(failures, err)
	}
	failures = append(failures, report(out, rec.lines(), ids, cfg)...)
	if len(failures) == 0 && cfg.zipkin != "" {
		fmt.Fprintln(out, "\nin Zipkin:")
		for _, c := range sampled {
			fmt.Fprintf(out, "  %s: %s\n", c.caller, cfg.page(ids[c.media]))
		}
	}
	return errors.Join(failures...)
}

// send sends c. It returns the trace ID of the response, and whether the trace goes to Zipkin.
func send(ctx context.Context, url string, c call) (id string, recorded bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/media/"+c.media, nil)
	if err != nil {
		return "", false, err
	}
	r.Header = c.header
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", false, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return "", false, err
	}
	id = resp.Header.Get("X-B3-TraceId")
	switch {
	case resp.StatusCode != http.StatusOK:
		err = fmt.Errorf("%s: status %d", c.caller, resp.StatusCode)
	case id == "":
		err = fmt.Errorf("%s: no trace ID in the response", c.caller)
	case c.want != "" && id != c.want:
		err = fmt.Errorf("%s: trace ID %s, want %s", c.caller, id, c.want)
	}
	return id, resp.Header.Get(recordedHeader) != "", err
}
