package timeline

import "time"

// maxOpen is the largest number of lines that are being joined at the same time. Several streams
// may be mixed in one source.
const maxOpen = 16

// joined is a line that a runtime has cut into parts, and that is being joined again.
type joined struct {
	service string
	stream  byte
	text    []byte
	time    time.Time
	number  int
	cut     bool
	open    bool
}

// joiner joins the parts of cut lines. It keeps streams apart, because lines of standard output
// and standard error are mixed in a source.
type joiner struct {
	lines   [maxOpen]joined
	opened  int    // the number of open lines
	full    joined // the last line that was closed to make room
	dropped int64
}

// find returns the open line of a service's stream; nil: there is none.
func (j *joiner) find(service string, stream byte) *joined {
	if j.opened == 0 {
		return nil
	}
	for i := range j.lines {
		if l := &j.lines[i]; l.open && l.stream == stream && l.service == service {
			return l
		}
	}
	return nil
}

// first returns the open line that began first; nil: none is open.
func (j *joiner) first() *joined {
	var first *joined
	for i := range j.lines {
		if l := &j.lines[i]; l.open && (first == nil || l.number < first.number) {
			first = l
		}
	}
	return first
}

// begin opens a line. If maxOpen lines are open already, begin closes the one that began first,
// and returns it as the result full.
func (j *joiner) begin(service string, stream byte, at time.Time, number int) (l, full *joined) {
	if j.opened == maxOpen {
		first := j.first()
		j.full, first.text = *first, j.full.text
		j.close(first)
		full = &j.full
		j.opened++ // finish closes full once more
	}
	for i := range j.lines {
		if l = &j.lines[i]; !l.open {
			break
		}
	}
	*l = joined{service: service, stream: stream, text: l.text[:0], time: at, number: number, open: true}
	j.opened++
	return l, full
}

// add adds a part to l, up to MaxLine bytes.
func (j *joiner) add(l *joined, part []byte, cut bool) {
	keep := min(len(part), MaxLine-len(l.text))
	l.text = append(l.text, part[:keep]...)
	l.cut = l.cut || cut || keep < len(part)
	j.dropped += int64(len(part) - keep)
}

// close ends l. Its text stays valid until the next line begins.
func (j *joiner) close(l *joined) {
	l.open = false
	j.opened--
}
