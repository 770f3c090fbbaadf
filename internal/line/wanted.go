package line

import "time"

// wanted reads the values of a record from the fields of a line.
type wanted struct {
	*reader
	vendor  int
	decimal bool // the IDs are decimal numbers
	missing bool // the line lacks a field that a record always has
}

func (w *wanted) slot(k Key) uint8 { return w.names.slots[w.vendor][k] }

// The method any returns the text of the field with the vendor's name. If the line lacks that
// field, any tries the other vendors' names, because users may mix names. An ID under Datadog's
// name may be a number, because some loggers write numbers.
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

// tookAlone returns the duration of a record that has no group. [Names.tookAlone] writes it. Such
// a record contains few names of its vendor. If the user has chosen another vendor's names for the
// IDs, the line may contain more names of that other vendor. Then w.vendor is the wrong vendor,
// and the duration has our name.
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

// span returns the ID of a span other than the line's, or the zero ID if the line has none.
func (w *wanted) span(k Key) [8]byte {
	if s := w.trace(k); len(s) == 16 {
		return spanBytes(s)
	}
	return [8]byte{}
}

// trace returns the ID of a trace other than the line's. The field may have our name although
// w.vendor has a different name for it, because the user can choose another vendor's names for the
// line's own IDs.
func (w *wanted) trace(k Key) string {
	s := w.optional(k)
	if s == "" {
		s, _ = w.str(w.names.slots[Ours][k])
	}
	return id(s, w.decimal)
}

// record reads the record that the line's message stands for. If a field is missing, the line has
// no record.
func (w *wanted) record(l *Line) {
	switch l.Message {
	case MessageRequest:
		w.request(&l.records.request, l.Sampled)
		l.Record = &l.records.request
	case MessageCall:
		w.call(&l.records.call, l.Sampled)
		l.Record = &l.records.call
	case MessageJob:
		w.run(&l.records.run, l.Sampled)
		l.Record = &l.records.run
	}
	if w.missing {
		l.Record = nil
	}
}
