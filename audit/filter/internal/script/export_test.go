package script

import "time"

// Memory is how much memory the scope has.
func (s *Script) Memory() int { return s.engine.heap.used }

// Limits of a scope.
const (
	MaxSource = maxSource
	MaxMemory = maxMemory
)

// LateMeter is a meter in a call that began an hour ago on the clock, in a thread that has used
// none of its processor since.
func LateMeter() (stopped bool, over time.Duration) {
	var m meter
	m.read()
	m.clock -= time.Hour
	m.began = m.clock
	m.start(callBudget)
	stopped, _ = m.poll()
	return stopped, m.end()
}

// Hoist is hoist.
var Hoist = hoist

// Patient is New with a thousand times the processor time: for tests of what has nothing to do
// with it, on a machine of any speed.
func Patient(name, source string, firstLine int) (*Script, error) {
	return newScript(name, source, firstLine, 1000*callBudget)
}

// Hasty is New with a tenth of the processor time: for tests that use it up.
func Hasty(name, source string, firstLine int) (*Script, error) {
	return newScript(name, source, firstLine, callBudget/10)
}
