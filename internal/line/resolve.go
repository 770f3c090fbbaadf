package line

import (
	"log/slog"
	"strings"
	"time"
)

// resolve gives to l what the fields say.
func (r *reader) resolve(l *Line) {
	n := r.names
	for _, slot := range n.time {
		if f := r.get(slot); f != nil {
			if l.Time = instant(f.Value); !l.Time.IsZero() {
				break
			}
		}
	}
	for _, slot := range n.level {
		if f := r.get(slot); f != nil {
			l.Level = f.Value
			break
		}
	}
	l.Message = r.message()

	w := wanted{reader: r, vendor: n.vendor(r.score)}
	traceID, spanID := w.any(TraceID), w.any(SpanID)
	// The length tells a decimal ID, but one in two thousand has 16 digits. Hardly ever both have.
	w.decimal = Vendor(w.vendor) == Datadog || isDecimal(traceID) || isDecimal(spanID)
	l.TraceID = id(traceOf(traceID), w.decimal)
	if len(spanID) < 32 {
		l.SpanID = id(spanID, w.decimal)
	}
	l.Service = w.any(Service)
	l.Sampled = w.flag(Sampled) || r.isTrue(n.slots[GoogleCloud][Sampled])

	switch l.Message {
	case MessageRequest, MessageCall, MessageJob:
		if l.records == nil {
			l.records = new(records)
		}
		w.record(l)
	}
}

// message returns the message of the line.
func (r *reader) message() string {
	zerologs, slogs := r.get(r.names.text[0]), r.get(r.names.text[1])
	switch {
	case slogs != nil && (zerologs == nil || r.beginsAsSlog()):
		return slogs.Value
	case zerologs != nil:
		return zerologs.Value
	}
	return ""
}

// beginsAsSlog reports whether the line begins as slog's handlers do: with its time or a level in
// capitals, and then the message. A line of zerolog begins with a level in small letters and ends
// with the message. It is asked where a line has the fields of both, one of which is then the
// user's.
func (r *reader) beginsAsSlog() bool {
	slogs := r.fields[0].Key == slog.TimeKey
	for i := range r.fields {
		switch f := &r.fields[i]; {
		case f.Key == slog.LevelKey:
			slogs = slogs || f.Value != "" && f.Value[0]-'A' < 26
		case f.Key == slog.MessageKey:
			return slogs
		case f.Key != slog.TimeKey && !strings.HasPrefix(f.Key, slog.SourceKey):
			return false
		}
	}
	return false
}

// traceOf returns the ID in what may be a resource name of Google's.
func traceOf(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

// wanted takes what a record needs from the fields of a line.
type wanted struct {
	*reader
	vendor  int
	decimal bool // IDs are
	missing bool // something is that is always written
}

func (w *wanted) slot(k Key) uint8 { return w.names.slots[w.vendor][k] }

// any returns the text of a field that the vendor has, else of one that another has: users may mix
// names. IDs in Datadog's names are numbers with some loggers.
func (w *wanted) any(k Key) string {
	for i := -1; i < len(vendors); i++ {
		v := i
		if i < 0 {
			v = w.vendor
		}
		slot := w.names.slots[v][k]
		if s, ok := w.str(slot); ok {
			return s
		}
		if f := w.get(slot); f != nil && Vendor(v) == Datadog && k != Service && f.Value[0]-'0' <= 9 {
			return f.Value
		}
	}
	return ""
}

// text returns the text of a field that a record always has.
func (w *wanted) text(k Key) string {
	s, ok := w.str(w.slot(k))
	w.missing = w.missing || !ok
	return s
}

// whole returns the number of a field that a record always has.
func (w *wanted) whole(k Key) int64 {
	n, ok := w.integer(w.slot(k))
	w.missing = w.missing || !ok
	return n
}

func (w *wanted) took() time.Duration {
	return w.duration(w.slot(Duration), w.names.unit[w.vendor])
}

// tookAlone is took for a record without a group; see [Names.tookAlone]. Such a record has so few
// names of a vendor that those of its IDs, which are for the user to choose, outnumber them.
func (w *wanted) tookAlone() time.Duration {
	if w.names.nested[w.vendor] || w.get(w.slot(Duration)) == nil {
		return w.duration(w.names.slots[Ours][Duration], milliseconds)
	}
	return w.took()
}

func (w *wanted) duration(slot uint8, u unit) time.Duration {
	f := w.get(slot)
	if f == nil {
		w.missing = true
		return 0
	}
	d, ok := took(f.Value, u)
	w.missing = w.missing || !ok
	return d
}

func (w *wanted) optional(k Key) string {
	s, _ := w.str(w.slot(k))
	return s
}

func (w *wanted) flag(k Key) bool { return w.isTrue(w.slot(k)) }

// span returns the ID of another span than the line's; zero: there is none.
func (w *wanted) span(k Key) [8]byte {
	if s := w.trace(k); len(s) == 16 {
		return spanBytes(s)
	}
	return [8]byte{}
}

// trace returns the ID of another trace than the line's. Where the vendor has another name than
// ours, a line may have ours all the same: those of its own IDs are for the user to choose.
func (w *wanted) trace(k Key) string {
	s := w.optional(k)
	if s == "" {
		s, _ = w.str(w.names.slots[Ours][k])
	}
	return id(s, w.decimal)
}

// record reads the record that the message announces, if its fields are there.
func (w *wanted) record(l *Line) {
	switch l.Message {
	case MessageRequest:
		o := &l.records.request
		*o = Request{
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
			Sampled:          l.Sampled,
		}
		l.Record = o
	case MessageCall:
		o := &l.records.call
		*o = Call{
			Host:     w.text(Host),
			Error:    w.optional(Error),
			ParentID: w.span(ParentID),
			Sampled:  l.Sampled,
		}
		if w.get(w.slot(Path)) == nil { // one over HTTP always has it
			o.Plain = true
			method, ok := w.str(w.names.slots[Ours][Method])
			o.Method, w.missing = method, w.missing || !ok
			o.Duration = w.tookAlone()
		} else {
			o.Method, o.Path, o.Duration = w.text(Method), w.text(Path), w.took()
			status, _ := w.integer(w.slot(Status))
			o.Status = int(status)
		}
		attempt, _ := w.integer(w.slot(Attempt))
		o.Attempt = int(attempt)
		if f := w.get(w.slot(Body)); f != nil {
			o.Body, _ = took(f.Value, milliseconds)
		}
		l.Record = o
	case MessageJob:
		o := &l.records.run
		*o = Run{
			Job:         w.text(Job),
			Duration:    w.tookAlone(),
			ScheduledBy: w.trace(ScheduledBy),
			Panicked:    w.flag(Panicked),
			Sampled:     l.Sampled,
		}
		l.Record = o
	}
	if w.missing {
		l.Record = nil
	}
}
