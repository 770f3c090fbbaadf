package line

import "time"

// Run is the record of a run of a job.
type Run struct {
	Job         string
	Duration    time.Duration
	ScheduledBy string // a trace ID in hexadecimal digits; "": none
	Panicked    bool
	Sampled     bool
}

// Message implements [Record].
func (*Run) Message() string { return MessageJob }

// WriteTo implements [Record].
func (r *Run) WriteTo(n *Names, to Sink) {
	to.Str(n.key[Job], r.Job)
	n.tookAlone(to, r.Duration)
	n.trace(to, ScheduledBy, r.ScheduledBy)
	n.sampled(to, r.Sampled)
	if r.Panicked {
		to.True(n.key[Panicked])
	}
}

// run reads the record of a run.
func (w *wanted) run(r *Run, sampled bool) {
	*r = Run{
		Job:         w.text(Job),
		Duration:    w.tookAlone(),
		ScheduledBy: w.trace(ScheduledBy),
		Panicked:    w.flag(Panicked),
		Sampled:     sampled,
	}
}
