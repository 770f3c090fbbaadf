package line

import "time"

// Request is the record of a request that was served.
type Request struct {
	Method, Path, Remote string
	Route                string // the pattern of the route; "": none
	Status               int    // the status that the client got; 0: none
	Bytes                int64  // the size of the body
	Duration             time.Duration
	ParentID             [8]byte // the caller's span; zero: none
	CallerParentID       [8]byte
	UntrustedTraceID     string // the ID in hexadecimal digits; "": none
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

// request reads the record of a request.
func (w *wanted) request(r *Request, sampled bool) {
	*r = Request{
		Method:           w.text(Method),
		Path:             w.text(Path),
		Remote:           w.text(Remote),
		Route:            w.optional(Route),
		Status:           int(w.whole(Status)),
		Bytes:            w.whole(Bytes),
		Duration:         w.took(),
		ParentID:         w.span(ParentID),
		CallerParentID:   w.span(CallerParentID),
		UntrustedTraceID: w.trace(UntrustedTraceID),
		Panicked:         w.flag(Panicked),
		Hijacked:         w.flag(Hijacked),
		ClientGone:       w.flag(ClientGone),
		Sampled:          sampled,
	}
}
