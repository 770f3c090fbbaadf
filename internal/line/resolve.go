package line

import (
	"log/slog"
	"strings"
)

// resolve fills l from the fields.
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
	// The length of a decimal ID usually shows that it is decimal. One decimal ID in two thousand
	// has 16 digits, as a hexadecimal ID has. Hardly any line has two such IDs.
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

// beginsAsSlog reports whether the line begins like a line of slog's handlers: with the time or a
// level in capitals, and then the message. A line of zerolog begins with a level in small letters
// and ends with the message. This matters only for a line that has both fields for a message: one
// of the two is a field of the user's.
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

// traceOf returns the last part of s, which may be Google's resource name of a trace.
func traceOf(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }
