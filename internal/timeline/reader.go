package timeline

import (
	"io"
	"time"
)

// Reader reads the lines of a source, and removes the text that log shippers put around them: the
// runtimes of containers, kubectl, Docker Compose, journald, syslog and the tools of clouds. It
// recognizes the wrapper of each line by itself. It joins lines that were cut into several. Make a
// Reader with [NewReader]. It is not safe for concurrent use.
//
// A Reader accepts any bytes. A line ends with a newline. A line longer than [MaxLine] is cut, and
// zero bytes at the beginning of a line are dropped. Wrappers, line ends and a byte order mark are
// removed. Each other byte is in exactly one Raw. A Reader usually needs 128 KB, and never more
// than about 30 MB.
//
// The Service of a Raw is the name of the container, else of the pod, the unit, the program or the
// log stream, without unprintable characters. If two wrappers are nested, the inner one decides.
// If a shipper writes IDs beside the line, the Reader adds them to the line. It adds all fields of
// an entry of Google Cloud: see RATIONALE.md.
type Reader struct {
	splitter splitter
	joiner   joiner
	unwrap   unwrapper
	raw      Raw

	unwrapped bool // raw may contain fields from a shipper
}

// NewReader returns a Reader of src. The Reader reads blocks, and therefore further than the lines
// that it has returned. If another program still writes to the source, each line is returned as
// soon as it has ended. An error of src ends the Reader, even io.EOF. So a src that may grow must
// wait for more bytes, instead of returning io.EOF.
//
// The reference is a time when all lines had been written, such as the last change of their file.
// A time of syslog has no year, so the Reader takes the latest year that gives a time not more
// than a day after the reference. A time without a zone is in the reference's location. A zero
// reference means now, in UTC.
func NewReader(src io.Reader, reference time.Time) *Reader {
	if reference.IsZero() {
		reference = time.Now().UTC()
	}
	return &Reader{splitter: splitter{src: src}, unwrap: unwrapper{reference: reference}}
}

// Next returns the next line. At the end of the source it returns [io.EOF], or the error that has
// ended the source. A line that was cut into several is returned when its last part has been read,
// so it may come after lines that began later. The Raw is valid until the next call, which changes
// its memory.
func (r *Reader) Next() (*Raw, error) {
	for {
		text, number, cut, err := r.splitter.next()
		if err != nil {
			if l := r.joiner.first(); l != nil {
				return r.finish(l), nil
			}
			return nil, err
		}
		if r.unwrapped {
			r.raw, r.unwrapped = Raw{}, false
		}
		r.raw.Text, r.raw.Number, r.raw.Cut = text, number, cut
		if mayBe(text) == 0 {
			return &r.raw, nil
		}
		r.unwrapped = true
		r.unwrap.begin(text)
		if raw := r.takeOff(); raw != nil {
			return raw, nil
		}
	}
}

// Dropped returns the number of dropped bytes, from lines longer than MaxLine and from zero bytes
// at the beginning of lines.
func (r *Reader) Dropped() int64 { return r.splitter.dropped + r.joiner.dropped }

// takeOff removes the wrappers of the current line, and returns the line; nil: the current line is
// a part, and more parts follow.
func (r *Reader) takeOff() *Raw {
	u := &r.unwrap
	for u.next() {
		if u.stream == 0 {
			continue
		}
		l := r.joiner.find(u.service, u.stream)
		if u.partial {
			return r.hold(l)
		}
		if l != nil {
			r.joiner.add(l, u.text, r.raw.Cut)
			r.take(l)
		}
	}
	return r.off()
}

// hold adds the current part to its line l. If l is nil, the part begins a line. If too many lines
// are open then, hold returns the first of them without its end; else nil.
func (r *Reader) hold(l *joined) *Raw {
	var full *joined
	if l == nil {
		l, full = r.joiner.begin(r.unwrap.service, r.unwrap.stream, r.unwrap.time, r.raw.Number)
	}
	r.joiner.add(l, r.unwrap.text, r.raw.Cut)
	if full == nil {
		return nil
	}
	return r.finish(full)
}

// finish returns a joined line, with or without its end.
func (r *Reader) finish(l *joined) *Raw {
	r.unwrap.begin(nil)
	r.take(l)
	for r.unwrap.next() { // if a wrapper inside marks a part, the part is not joined
	}
	return r.off()
}

// take makes a joined line the current line, and closes it.
func (r *Reader) take(l *joined) {
	r.raw.Number, r.raw.Cut = l.number, l.cut
	r.unwrap.text, r.unwrap.time, r.unwrap.service = l.text, l.time, l.service
	r.joiner.close(l)
}

func (r *Reader) off() *Raw {
	r.raw.Text, r.raw.Time, r.raw.Service, r.raw.Instance = r.unwrap.text, r.unwrap.time, r.unwrap.service, r.unwrap.which
	return &r.raw
}
