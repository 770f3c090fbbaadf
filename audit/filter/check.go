package filter

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/filter/internal/rules"
	"example.com/clew/audit/filter/internal/script"
	"example.com/clew/audit/filter/internal/traps"
)

const (
	// maxFailures is how many different failures a Checked lists at most.
	maxFailures = 20

	// A measurement ends after checkTime of processor time. It also ends after checkCalls calls,
	// because the processor's clock may be coarse. A batch has up to checkBatch events.
	checkTime  = 100 * time.Millisecond
	checkCalls = 1_000_000
	checkBatch = 1000
)

// Checked reports what a filter did with the events of a [Check]. Its texts contain no bytes that
// could harm a terminal.
type Checked struct {
	Name string // "" if the name could not be read
	// Line is the line of the file where the script begins, or the line of the error in Err. It is
	// 0 if the line is not known.
	Line    int
	Apps    []string  // nil: the services that have Config.Filtered
	Expires time.Time // zero: never

	// Err says why the filter cannot be used, with the line if it is known. If Err is set, all
	// fields below except Traps are zero.
	Err error

	// Passed lists the indexes of the events that the filter passed, and Stopped lists those of
	// the events that it did not pass. Both leave out events of apps that are not in Apps, and
	// events after the call that switched the filter off.
	Passed, Stopped []int
	// Failed is the number of calls that failed. The events of these calls are in Stopped.
	// Failures lists each reason once, and at most twenty reasons.
	Failed   int
	Failures []Failure
	Off      *Off // nil: the filter would have stayed on

	// Calls is the number of calls that measured the filter's speed. Time is the processor time
	// that these calls took.
	Calls int
	Time  time.Duration

	// Traps lists the parts of the script that are known to be slow, or that are not JavaScript.
	Traps []Trap
}

// Failure is an error in one or more calls of a filter.
type Failure struct {
	Reason string
	Line   int // the line of the file; 0: unknown
	Calls  int
	Event  int // the index of the first event whose call failed for this reason
}

// Trap is a part of a script that its author should look at.
type Trap struct {
	Line int    // the line of the file
	Text string // says what is wrong, and what to write
}

// Check tries each filter of a file on events, in their order. Each filter runs in its own scope,
// within the same limits as in a [Set]. Check reads and writes no file. Filters that have expired
// are tried too. Without events, Check only says what is wrong with the file.
//
// If ctx ends, Check returns the results so far, and the error of ctx. Check also returns an error
// if a Logger could not write one of the events. A nil ctx is context.Background().
func Check(ctx context.Context, file []byte, events []audit.Event) ([]Checked, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	batch, err := audit.Candidates("", events...)
	if err != nil {
		return nil, err
	}
	defs, errs := rules.Parse(file)
	var all []Checked
	for _, err := range errs {
		all = append(all, Checked{Name: err.Name, Line: err.Line, Err: err})
	}
	for i := range defs {
		if ctx.Err() != nil {
			break
		}
		all = append(all, check(ctx, &defs[i], batch))
	}
	slices.SortStableFunc(all, func(a, b Checked) int { return a.Line - b.Line })
	return all, ctx.Err()
}

// check tries one filter.
func check(ctx context.Context, def *rules.Definition, batch []audit.Candidate) Checked {
	c := Checked{Name: def.Name, Line: def.Line, Apps: def.Apps, Expires: def.Expires}
	for _, trap := range traps.Find(script.Hoisted(def.Script), def.Line) {
		c.Traps = append(c.Traps, Trap(trap))
	}
	s, err := script.New(def.Name, def.Script, def.Line)
	if err != nil {
		if fault := (*script.Fault)(nil); errors.As(err, &fault) && fault.Line > 0 {
			c.Line = fault.Line
		}
		c.Err = errors.New(rules.Printable(err.Error()))
		return c
	}
	defer s.Close()
	var own []audit.Candidate // the events of the filter's apps
	for i, candidate := range batch {
		if def.AppliesTo(candidate.App(), true) {
			own = append(own, candidate)
			c.judge(s, i, candidate)
		}
		if s.Off() != nil || ctx.Err() != nil {
			break
		}
	}
	if off := s.Off(); off != nil {
		c.Off = &Off{Name: def.Name, Reason: rules.Printable(off.Reason), Line: off.Line, At: time.Now()}
		return c
	}
	c.measure(ctx, def, own)
	return c
}

// judge lets the script judge one event, and records the result under the event's index.
func (c *Checked) judge(s *script.Script, index int, candidate audit.Candidate) {
	var pass [1]bool
	counts := s.Judge([]audit.Candidate{candidate}, pass[:])
	c.Calls += counts.Calls
	c.Time += counts.Time
	if pass[0] {
		c.Passed = append(c.Passed, index)
	} else {
		c.Stopped = append(c.Stopped, index)
	}
	if counts.Errors == 0 {
		return
	}
	c.Failed++
	failure := Failure{Reason: "the engine failed", Calls: 1, Event: index}
	if counts.Last != nil {
		failure.Reason, failure.Line = rules.Printable(counts.Last.Reason), counts.Last.Line
	}
	for i := range c.Failures {
		if f := &c.Failures[i]; f.Reason == failure.Reason && f.Line == failure.Line {
			f.Calls++
			return
		}
	}
	if len(c.Failures) < maxFailures {
		c.Failures = append(c.Failures, failure)
	}
}

// measure measures the filter's speed, in a fresh scope. It makes many calls, because the time of
// a few calls would vary too much. It calls the filter in batches, as a Set does: with one event
// per batch, most of the time would be spent outside of the filter.
func (c *Checked) measure(ctx context.Context, def *rules.Definition, batch []audit.Candidate) {
	if len(batch) == 0 {
		return
	}
	s, err := script.New(def.Name, def.Script, def.Line)
	if err != nil { // the first New succeeded, so the script behaves randomly
		return
	}
	defer s.Close()
	calls, spent := 0, time.Duration(0)
	pass := make([]bool, min(len(batch), checkBatch))
	for at := 0; spent < checkTime && calls < checkCalls && s.Off() == nil && ctx.Err() == nil; {
		n := min(len(pass), len(batch)-at)
		counts := s.Judge(batch[at:at+n], pass[:n])
		calls += counts.Calls
		spent += counts.Time
		if at += n; at == len(batch) {
			at = 0
		}
	}
	if s.Off() == nil {
		c.Calls, c.Time = calls, spent
	}
}
