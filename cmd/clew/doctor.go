package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"example.com/clew/cmd/clew/internal/doctor"
	"example.com/clew/internal/timeline"
)

// doctorCommand is clew doctor.
type doctorCommand struct {
	URLs []string `arg:"" optional:"" name:"url" help:"What to send requests to: a route that is harmless to GET."`

	Yes     bool          `help:"Do not ask before requests leave this computer."`
	Hostile bool          `help:"Also send malformed headers that are known to break services."`
	Debug   bool          `help:"Send requests that ask for debug too."`
	Logs    []string      `help:"The service's log, read while the requests are sent: files, globs, folders, - for standard input. May be given several times." placeholder:"SOURCE" sep:"none"`
	Listen  string        `help:"Start a server at this address, and look at the service's calls to it. The URL must make the service call this address." placeholder:"127.0.0.1:9999"`
	Timeout time.Duration `help:"How long a request may take." default:"10s"`
	Header  []string      `help:"A header of each request: 'Authorization: Bearer …'. May be given several times." placeholder:"'NAME: VALUE'" sep:"none"`

	Output string `short:"o" help:"How to show the answer: ${enum}." enum:"text,json" default:"text"`
	Width  *int   `help:"How many columns a line may take; 0: any number. Without the flag: the width of the terminal." placeholder:"COLUMNS"`
	Color  string `help:"Whether to use colours: ${enum}. NO_COLOR turns auto off." enum:"auto,always,never" default:"auto"`
}

// Help returns the text that --help shows besides the flags.
func (doctorCommand) Help() string {
	return `clew sends GET requests with trace IDs of its own, one after another. It reports what the service
does with them. It looks at the response, at the service's log, and at the calls of the service.

Examples:

  clew doctor http://127.0.0.1:8080/media/1
  clew doctor http://127.0.0.1:8080/media/1 --logs app.log
  clew doctor http://127.0.0.1:8080/fetch --listen 127.0.0.1:9999
  clew doctor https://shop.example/health --yes -o json
  clew doctor https://shop.example/health --hostile --debug

Nothing is sent to another computer before you have said yes: at the terminal, or by --yes.

Exit codes:

  0    the service continues each trace, as far as clew can see
  1    there is a fault
  2    the command line is wrong; or something would leave this computer, and there is neither
       a terminal to ask at nor --yes
  3    clew cannot tell: there was no answer, or nothing shows the ID
  130  Ctrl-C; what was found until then is shown`
}

// lateWait is how long clew waits for lines and calls after the last answer. Tests shorten it.
var lateWait = 3 * time.Second

func (d *doctorCommand) run(ctx context.Context, std streams) (int, error) {
	c, err := d.config()
	if err != nil {
		return 0, err
	}
	targets, err := d.targets()
	if err != nil {
		return 0, err
	}
	loopback, address := true, ""
	if d.Listen != "" {
		if address, loopback, err = doctor.ListenAddress(d.Listen); err != nil {
			return 0, usagef("--listen wants %v", err)
		}
		c.Listen = &doctor.Listen{} // so that c.Requests is right; replaced when the user agrees
	}
	// Before the user agrees, nothing leaves this computer, not even a question to DNS.
	agreed, err := d.ask(ctx, std, c, targets, loopback)
	if agreed {
		d.lookUp(ctx, std, targets)
	}
	switch {
	case ctx.Err() != nil:
		return exitInterrupted, nil
	case err != nil || !agreed:
		return exitUsage, err
	case d.Listen != "":
		if c.Listen, err = doctor.NewListen(address); err != nil {
			return 0, usagef("--listen %s: %v", d.Listen, err)
		}
		defer c.Listen.Close()
		std.say("listening at %s meanwhile", c.Listen.Addr())
	}
	return d.examine(ctx, std, c, targets)
}

// examine examines the targets, and shows what was found.
func (d *doctorCommand) examine(ctx context.Context, std streams, c doctor.Config, targets []*doctor.Target) (int, error) {
	problems, stop := d.watch(ctx, std, &c)
	report := &doctor.Report{Version: doctor.Version}
	for _, t := range targets {
		found := c.Examine(ctx, t)
		report.Requests += found.Requests
		report.Targets = append(report.Targets, found)
	}
	problems = append(problems, stop()...)
	std.sayAll(problems)
	if err := d.show(std, report); err != nil {
		return 0, err
	}
	return d.code(ctx, report, problems), nil
}

func (d *doctorCommand) code(ctx context.Context, report *doctor.Report, problems []error) int {
	switch {
	case ctx.Err() != nil:
		return exitInterrupted
	case report.Fault():
		return exitNothing
	case report.Untold() || len(problems) > 0:
		return exitIncomplete
	}
	return exitFound
}

func (d *doctorCommand) show(std streams, report *doctor.Report) error {
	out := &writer{w: bufio.NewWriter(std.out)}
	var err error
	if d.Output == "json" {
		err = report.JSON(out)
	} else {
		err = report.Text(out, doctor.Style{Width: columns(d.Width, std.out), Colour: colour(d.Color, std.out), Visible: printable})
	}
	return cmp.Or(err, out.flush())
}

// config returns the configuration that the flags ask for.
func (d *doctorCommand) config() (doctor.Config, error) {
	c := doctor.Config{Agent: agent(), Debug: d.Debug, Hostile: d.Hostile, Timeout: d.Timeout, Wait: lateWait, Header: http.Header{}}
	if d.Timeout <= 0 {
		return c, usagef("--timeout wants a time such as 10s")
	}
	if d.Width != nil && *d.Width < 0 {
		return c, usagef("--width wants a number that is not negative")
	}
	for _, text := range d.Header {
		name, value, ok := strings.Cut(text, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || !doctor.ValidHeader(name, value) {
			return c, usagef("--header wants a header such as 'Authorization: Bearer abc'")
		}
		if doctor.IsOwnHeader(name) {
			return c, usagef("--header %s: the canaries set this header themselves", clip(name))
		}
		c.Header.Add(name, value)
	}
	return c, nil
}

// agent returns the User-Agent of the requests.
func agent() string {
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Main.Version, "v") {
		version = info.Main.Version
	}
	return "clew-doctor/" + version
}

// targets returns the targets that the URLs name.
func (d *doctorCommand) targets() ([]*doctor.Target, error) {
	if len(d.URLs) == 0 {
		return nil, usagef("say which URL to send requests to, such as http://127.0.0.1:8080/media/1: a route of the service that is harmless to GET")
	}
	var targets []*doctor.Target
	for _, text := range d.URLs {
		u, err := doctor.ParseURL(text)
		if err != nil {
			return nil, usagef("%q is not %v", clip(doctor.MaskRefused(text)), err)
		}
		t, err := doctor.NewTarget(u, http.ProxyFromEnvironment)
		if err != nil {
			return nil, usagef("%v", err)
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// lookUp looks up the names of targets, and shows their addresses.
func (d *doctorCommand) lookUp(ctx context.Context, std streams, targets []*doctor.Target) {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	for _, t := range targets {
		if t.LookUp(ctx) {
			std.say("looked up: %s", t)
		}
	}
}

// ask shows what will be sent. If something would leave this computer, ask reports whether the
// user agrees to that. If nothing would, agreed is true.
func (d *doctorCommand) ask(ctx context.Context, std streams, c doctor.Config, targets []*doctor.Target, loopback bool) (agreed bool, err error) {
	var leaves []string
	for _, t := range targets {
		std.say("%d GET requests to %s, one after another; user agent %s; %d more at most, if some fail", c.Requests(), t, c.Agent, c.More())
		if !t.Loopback() {
			leaves = append(leaves, t.String())
		}
	}
	if !loopback {
		leaves = append(leaves, "--listen "+d.Listen+", which others can reach")
	}
	what := strings.Join(leaves, "; ")
	switch {
	case what == "" || d.Yes:
		return true, nil
	case !isTerminal(std.in) || !isTerminal(std.err):
		return false, usagef("this goes beyond this computer: %s. There is no terminal to ask at: say --yes if you may send it", what)
	}
	fmt.Fprint(std.err, "clew: this goes beyond this computer: "+printable(what)+". Go on? [y/N] ")
	answer, err := bufio.NewReader(interruptible(ctx, io.NopCloser(std.in))).ReadString('\n')
	if err != nil && answer == "" {
		fmt.Fprintln(std.err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true, nil
	}
	std.say("nothing was sent")
	return false, nil
}

// watch begins to read what is written to the logs from now on. The result problems has an error
// for each log that cannot be opened. The function stop ends the reading, and returns its errors.
func (d *doctorCommand) watch(ctx context.Context, std streams, c *doctor.Config) (problems []error, stop func() []error) {
	if len(d.Logs) == 0 {
		return nil, func() []error { return nil }
	}
	files, problems := expand(d.Logs)
	c.Log = &doctor.Log{}
	ctx, cancel := context.WithCancel(ctx)
	var (
		readers sync.WaitGroup
		mu      sync.Mutex
		later   []error
	)
	for _, src := range files.sources {
		in, err := src.fromNow(ctx, std.in)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if in == nil {
			continue
		}
		readers.Go(func() {
			defer in.Close()
			err := c.Log.Read(in, timeline.ParserConfig{Source: src.name, Service: serviceOf(src)})
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				later = append(later, fmt.Errorf("%s: %w", src.name, err))
			}
		})
	}
	return problems, func() []error {
		cancel()
		readers.Wait()
		return later
	}
}

// fromNow opens a source to read what is written to it from now on. The reader is nil if the file
// is compressed, because nothing is written to such a file.
func (src *source) fromNow(ctx context.Context, stdin io.Reader) (io.ReadCloser, error) {
	if src.path == "" || !src.info.Mode().IsRegular() {
		return src.open(ctx, stdin, true)
	}
	if src.rotated.compressed {
		return nil, nil
	}
	f, err := os.Open(src.path)
	if err != nil {
		return nil, err
	}
	t := newTail(ctx, src.path, f)
	if t.read, err = f.Seek(0, io.SeekEnd); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}
