package script

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"example.com/clew/audit"
)

// Script is the scope of one filter: its globals and its function. Only one goroutine at a time
// may use a Script.
type Script struct {
	engine   *engine
	meter    meter
	watchdog watchdog
	record   record
	off      *Fault
	closed   bool
}

// Counts is the result of a Judge call.
type Counts struct {
	Calls  int
	Passed int
	Errors int
	Time   time.Duration // processor time
	Last   *Fault        // the last error; nil: no error
}

// Fault is an error of a script, or the reason for which it is off.
type Fault struct {
	Reason string // a sentence without hostile bytes
	Line   int    // the line of the file; 0: not known
}

// Error implements error.
func (f *Fault) Error() string {
	if f.Line == 0 {
		return f.Reason
	}
	return fmt.Sprintf("line %d: %s", f.Line, f.Reason)
}

// New makes a scope and runs the source in it. The source must define a function filter. The
// argument firstLine is the line of the file where the source begins; the first line is 1. Errors
// contain the name of the filter, and the line of the file if it is known.
func New(name, source string, firstLine int) (*Script, error) {
	return newScript(name, source, firstLine, callBudget)
}

func newScript(name, source string, firstLine int, budget time.Duration) (*Script, error) {
	s := &Script{record: record{budget: budget}}
	s.watchdog.limit, s.watchdog.meter = nativeBudgets*budget, &s.meter
	if err := checkSource(source); err != nil {
		return nil, fmt.Errorf("filter %q: %w", name, err)
	}
	if err := s.load(source, firstLine); err != nil {
		s.Close()
		return nil, fmt.Errorf("filter %q: %w", name, err)
	}
	return s, nil
}

func (s *Script) load(source string, firstLine int) (err error) {
	a, err := newArena()
	if err != nil {
		return errMemory
	}
	s.watchdog.arena = a
	defer s.enter()()
	defer func() {
		if r := recover(); r != nil {
			err = s.engineFault(r)
		}
	}()
	s.engine = newEngine(&s.meter, a)
	if !s.engine.open() {
		return errMemory
	}
	s.meter.start(loadBudgets * s.record.budget)
	if fault := s.engine.load(source, firstLine); fault != nil {
		return fault
	}
	return nil
}

// enter prepares the thread for the engine. It returns a function that undoes the preparations. It
// locks the goroutine to the thread, so that the thread's processor time is that of the script. It
// turns a fault at an address of the engine into a panic, which Judge and New recover. Otherwise
// such a fault would end the process.
func (s *Script) enter() (leave func()) {
	runtime.LockOSThread()
	before := debug.SetPanicOnFault(true)
	s.meter.read()
	s.watchdog.begin()
	return func() {
		s.watchdog.end()
		debug.SetPanicOnFault(before)
		runtime.UnlockOSThread()
	}
}

// engineFault returns the fault of a script that the panic r has ended.
func (s *Script) engineFault(r any) *Fault {
	if fault := s.watchdog.fault(); fault != nil {
		return fault
	}
	return &Fault{Reason: "the engine failed: " + printable(fmt.Sprint(r))}
}

// Judge calls the script's function for each candidate, in order. It sets pass[i] to the answer
// for batch[i]. The argument pass must be as long as batch. A candidate whose call fails does not
// pass. If the script goes off within a batch, no later candidate passes, and [Script.Off] says
// why. Judge does nothing if the script is off or closed.
func (s *Script) Judge(batch []audit.Candidate, pass []bool) (counts Counts) {
	clear(pass)
	if s.off != nil || s.closed || len(batch) == 0 {
		return counts
	}
	defer s.enter()()
	defer func() {
		if r := recover(); r != nil {
			s.off = s.engineFault(r)
			counts.Errors++
		}
		s.account(&counts)
	}()
	for i := range batch {
		s.meter.start(s.record.budget)
		pass[i] = s.judge(batch[i], &counts)
		if s.off != nil {
			return counts
		}
	}
	return counts
}

// judge calls the function for one candidate.
func (s *Script) judge(c audit.Candidate, counts *Counts) bool {
	counts.Calls++
	passed, fault := s.engine.call(c)
	over := s.meter.end()
	if passed {
		counts.Passed++
	}
	if fault != nil {
		counts.Errors++
		counts.Last = fault
	}
	s.off = s.record.add(fault, over, s.engine.exhausted())
	if s.meter.due() {
		s.account(counts)
	}
	return passed
}

// account adds the processor time since the meter's last reading to counts and to the record,
// which may switch the script off.
func (s *Script) account(counts *Counts) {
	spent := s.meter.read()
	counts.Time += spent
	if fault := s.record.spend(spent); fault != nil && s.off == nil {
		s.off = fault
	}
}

// Off says why the script was switched off. It is nil while the script is on.
func (s *Script) Off() *Fault { return s.off }

// Close frees the scope's memory. After Close, Judge does nothing.
func (s *Script) Close() {
	if s.closed {
		return
	}
	s.closed = true
	if s.engine != nil {
		s.engine.close()
	}
}
