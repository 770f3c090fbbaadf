package line

import "time"

// Request is the line of a request that was served.
type Request struct {
	Method, Path, Remote string
	Route                string // the pattern; "": none
	Status               int    // what the client got; 0: nothing
	Bytes                int64  // of the body
	Duration             time.Duration
	ParentID             [8]byte // the caller's span; zero: none
	CallerParentID       [8]byte
	UntrustedTraceID     string // in hexadecimal digits
	Panicked             bool
	Hijacked             bool
	ClientGone           bool
	Sampled              bool
}

// Message implements [Record].
func (*Request) Message() string { return MessageRequest }

// WriteTo implements [Record].
func (r *Request) WriteTo(n *Names, to Sink) {
	if n.group != "" {
		to.Open(n.group)
	}
	to.Str(n.key[Method], r.Method)
	to.Str(n.key[Path], r.Path)
	if n.group == "" && r.Route != "" {
		to.Str(n.key[Route], r.Route)
	}
	to.Int(n.key[Status], int64(r.Status))
	to.Int(n.key[Bytes], r.Bytes)
	n.took(to, Duration, n.duration, r.Duration)
	to.Str(n.key[Remote], r.Remote)
	if n.group != "" {
		to.Close()
		if r.Route != "" {
			to.Str(n.key[Route], r.Route)
		}
	}
	n.span(to, ParentID, r.ParentID)
	n.span(to, CallerParentID, r.CallerParentID)
	n.trace(to, UntrustedTraceID, r.UntrustedTraceID)
	n.sampled(to, r.Sampled)
	if r.Panicked {
		to.True(n.key[Panicked])
	}
	if r.Hijacked {
		to.True(n.key[Hijacked])
	}
	if r.ClientGone {
		to.True(n.key[ClientGone])
	}
}

// Call is the line of a call to somebody else.
type Call struct {
	Method   string // of HTTP; else what was called
	Host     string // who was called
	Path     string // without query; "" if the call is not HTTP
	Plain    bool   // it is not HTTP
	Status   int    // 0: there was no answer
	Attempt  int    // from 1; 0: not counted
	Duration time.Duration
	Body     time.Duration // from the beginning until the body of the answer has ended; 0: not known
	Error    string        // "": none
	ParentID [8]byte       // the caller's span; zero: none
	Sampled  bool
}

// Message implements [Record].
func (*Call) Message() string { return MessageCall }

// WriteTo implements [Record].
func (c *Call) WriteTo(n *Names, to Sink) {
	if c.Plain { // their names are HTTP's
		to.Str(ours[Method], c.Method)
		to.Str(n.key[Host], c.Host)
		n.tookAlone(to, c.Duration)
	} else {
		if n.group == "" {
			to.Str(n.key[Method], c.Method)
			to.Str(n.key[Host], c.Host)
		} else {
			to.Str(n.key[Host], c.Host)
			to.Open(n.group)
			to.Str(n.key[Method], c.Method)
		}
		to.Str(n.key[Path], c.Path)
		if c.Status != 0 {
			to.Int(n.key[Status], int64(c.Status))
		}
		n.took(to, Duration, n.duration, c.Duration)
		if n.group != "" {
			to.Close()
		}
	}
	if c.Body != 0 {
		n.took(to, Body, milliseconds, c.Body)
	}
	if c.Attempt != 0 {
		to.Int(n.key[Attempt], int64(c.Attempt))
	}
	if c.Error != "" {
		to.Str(n.key[Error], c.Error)
	}
	n.span(to, ParentID, c.ParentID)
	n.sampled(to, c.Sampled)
}

// Run is the line of a run of a job.
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

// tookAlone gives to the duration of what has no group.
func (n *Names) tookAlone(to Sink, d time.Duration) {
	if n.in(Duration) {
		to.Milliseconds(ours[Duration], d.Microseconds())
		return
	}
	n.took(to, Duration, n.duration, d)
}

// sampled gives to that the trace is sampled, if it is. In Google's form the hook says so on every
// line.
func (n *Names) sampled(to Sink, sampled bool) {
	if sampled && n.Format != GoogleTrace {
		to.True(n.key[Sampled])
	}
}
