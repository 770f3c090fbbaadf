package filter

import (
	"fmt"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/filter/internal/rules"
	"example.com/clew/audit/filter/internal/script"
)

// live is a filter that applies to the service.
type live struct {
	// These fields change only while both locks of the Set are held.
	definition
	since   time.Time
	first   int            // the first line of the script when it was evaluated
	script  *script.Script // nil: off or expired
	off     *Off
	figures totals        // what this script has done
	last    *script.Fault // the last error of a call; lineOf returns its current line
	before  totals        // what earlier scripts of this filter have done

	// Only the goroutine that judges a batch uses the fields below.
	pass   []bool
	turn   script.Counts
	fault  *script.Fault
	failed bool // the engine itself has failed
}

// lineOf returns the current line of a fault. The script may have moved in its file since it was
// evaluated.
func (l *live) lineOf(fault *script.Fault) int {
	if fault.Line == 0 {
		return 0
	}
	return fault.Line - l.first + l.Line
}

// lastError returns the last error of a call, or "".
func (l *live) lastError() string {
	if l.last == nil {
		return ""
	}
	moved := script.Fault{Reason: l.last.Reason, Line: l.lineOf(l.last)}
	return rules.Printable(moved.Error())
}

// total returns what all scripts of this filter have done.
func (l *live) total() totals { return l.before.plus(l.figures) }

// judge makes the script judge a batch. A panic of the engine must not end the service. It
// switches the filter off, and the filter's scope is not used again.
func (l *live) judge(batch []audit.Candidate) {
	if cap(l.pass) < len(batch) {
		l.pass = make([]bool, len(batch))
	}
	l.pass = l.pass[:len(batch)]
	l.turn, l.fault = script.Counts{}, nil
	defer func() {
		if v := recover(); v != nil {
			clear(l.pass)
			l.failed = true
			l.fault = &script.Fault{Reason: fmt.Sprintf("the engine failed: %v", v)}
		}
	}()
	l.turn = l.script.Judge(batch, l.pass)
	l.fault = l.script.Off()
}

func (l *live) close() {
	if l.script != nil {
		l.script.Close()
		l.script = nil
	}
}
