package timeline

import (
	"io"
	"time"
)

// Reader reads the lines of a source, and takes off what log shippers have put around them: the
// runtimes of containers, kubectl, Docker Compose, journald, syslog and the tools of clouds. It
// finds out by itself which lines have what around them. Lines that were cut into several are put
// together. It is made by [NewReader]. It must not be used by several goroutines at once.
//
// It takes what is no log as well: a line ends with a newline, whatever is in it. Of a line longer
// than [MaxLine] the rest is dropped, and so are zero bytes at the beginning of a line; all else
// is in exactly one Raw, but for line ends and a byte order mark. It needs 128 KB for lines as
// they usually are, and never more than some 30 MB.
//
// A Raw's Service is the container's name, else the pod's, the unit's, the program's or the log
// stream's, without what is not printable. Where a wrapper stands in another, the inner one says.
// IDs that a shipper has apart from the line are added to the line, and so is all that an entry of
// Google Cloud says: see RATIONALE.md.
type Reader struct {
	splitter splitter
	joiner   joiner
	unwrap   unwrapper
	raw      Raw

	unwrapped bool // raw may have what a shipper says
}

// NewReader returns a Reader of src. It reads blocks, and so further than the lines that it has
// returned; of a source that others still write to, it returns each line when it has ended. What
// it returns as an error of src's ends it: to go on, src must wait instead.
//
// The reference is a time not before the lines were written, as when their file was last changed.
// Times of syslog, which have no year, are the latest before it. Times without a zone are in its
// location. Zero is now, in UTC.
func NewReader(src io.Reader, reference time.Time) *Reader {
	if reference.IsZero() {
		reference = time.Now().UTC()
	}
	return &Reader{splitter: splitter{src: src}, unwrap: unwrapper{reference: reference}}
}

// Next returns the next line, or the error that has ended the source, [io.EOF] at its end. Lines
// that were cut into several come when they have ended, and so after lines that began later. The
// Raw is valid until the next call, which changes its memory.
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

// Dropped is how many bytes were dropped: of lines longer than MaxLine, and zero bytes at the
// beginning of lines.
func (r *Reader) Dropped() int64 { return r.splitter.dropped + r.joiner.dropped }

// takeOff takes the wrappers off the line at hand; nil: the line goes on with the next.
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

// hold adds the part at hand to its line; nil: its line begins with it. Where too many lines are
// open, the first of them is returned without its end.
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

// finish returns a line whose end did not come, or is there.
func (r *Reader) finish(l *joined) *Raw {
	r.unwrap.begin(nil)
	r.take(l)
	for r.unwrap.next() { // one that goes on within goes no further
	}
	return r.off()
}

// take takes a line that was put together at hand.
func (r *Reader) take(l *joined) {
	r.raw.Number, r.raw.Cut = l.number, l.cut
	r.unwrap.text, r.unwrap.time, r.unwrap.service = l.text, l.time, l.service
	r.joiner.close(l)
}

func (r *Reader) off() *Raw {
	r.raw.Text, r.raw.Time, r.raw.Service, r.raw.Instance = r.unwrap.text, r.unwrap.time, r.unwrap.service, r.unwrap.which
	return &r.raw
}
