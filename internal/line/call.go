package line

import "time"

// Call is the record of a call to another service.
type Call struct {
	Method   string // the HTTP method, or the name of the operation if the call is not HTTP
	Host     string // the host of the service that is called
	Path     string // the URL's path without the query; "" if the call is not HTTP
	Plain    bool   // the call is not HTTP
	Status   int    // 0: there was no answer
	Attempt  int    // the first attempt is 1; 0: attempts are not counted
	Duration time.Duration
	Body     time.Duration // time from the beginning to the end of the answer's body; 0: not known
	Error    string        // "": none
	ParentID [8]byte       // the caller's span; zero: none
	Sampled  bool
}

// Message implements [Record].
func (*Call) Message() string { return MessageCall }

// WriteTo implements [Record].
func (c *Call) WriteTo(n *Names, to Sink) {
	if c.Plain { // the vendors' names for these fields are for HTTP only
		to.Str(ours[Method], c.Method)
		to.Str(n.key[Host], c.Host)
		n.tookAlone(to, c.Duration)
	} else {
		c.writeHTTP(n, to)
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

// writeHTTP writes the fields of a call over HTTP. A vendor may have a group for them.
func (c *Call) writeHTTP(n *Names, to Sink) {
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

// call reads the record of a call.
func (w *wanted) call(c *Call, sampled bool) {
	*c = Call{
		Host:     w.text(Host),
		Error:    w.optional(Error),
		ParentID: w.span(ParentID),
		Sampled:  sampled,
	}
	if w.get(w.slot(Path)) == nil { // a call over HTTP always has a path
		method, ok := w.str(w.names.slots[Ours][Method])
		w.missing = w.missing || !ok
		c.Plain, c.Method, c.Duration = true, method, w.tookAlone()
	} else {
		c.Method, c.Path, c.Duration = w.text(Method), w.text(Path), w.took()
		status, _ := w.integer(w.slot(Status))
		c.Status = int(status)
	}
	attempt, _ := w.integer(w.slot(Attempt))
	c.Attempt = int(attempt)
	if f := w.get(w.slot(Body)); f != nil {
		c.Body, _ = took(f.Value, milliseconds)
	}
}
