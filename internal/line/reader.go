package line

import "strconv"

// fault is why a line cannot be read.
type fault struct {
	at  int    // the byte, from 0
	why string // our own text, never one from the line
}

func (f fault) Error() string {
	return "line: " + f.why + " at byte " + strconv.Itoa(f.at)
}

// reader reads a line. It has no pointer to the Line, because the Line could not stay on the stack
// then.
type reader struct {
	text   string
	pos    int
	fields []Field
	names  *known
	loose  bool // the line is not JSON, so a text may look like another value

	at    [maxNames]int32 // the place of a known name in fields, from 1; 0: the line lacks it
	inner [maxNames]bool  // the field at that place is in an object
	score uint64          // the number of names of each vendor, one byte for each

	inside bool // pos is in an object within the line's
}

// read reads the fields.
func (r *reader) read() error {
	r.space()
	switch {
	case r.pos == len(r.text):
		return fault{0, "an empty line"}
	case r.text[r.pos] == '{':
		return r.top()
	}
	r.loose = true
	return r.plain()
}

func (r *reader) fault(why string) error { return fault{r.pos, why} }

// add appends a field.
func (r *reader) add(key, value string, text bool) {
	r.fields = append(r.fields, Field{key, value, text})
	if slot := r.names.find(key); slot >= 0 {
		switch {
		case r.at[slot] == 0:
			r.score += r.names.scores[slot]
		case r.inside && !r.inner[slot]: // a user's group, behind our own "trace.id"
			return
		}
		r.at[slot], r.inner[slot] = int32(len(r.fields)), r.inside
	}
}

// get returns the field with a known name. It is nil if the line lacks the field, or has null.
func (r *reader) get(slot uint8) *Field {
	if i := r.at[slot]; i > 0 {
		if f := &r.fields[i-1]; f.Text || f.Value != "null" {
			return f
		}
	}
	return nil
}

// str returns the text of a known name.
func (r *reader) str(slot uint8) (string, bool) {
	if f := r.get(slot); f != nil && (f.Text || r.loose) {
		return f.Value, true
	}
	return "", false
}

// integer returns the whole number of a known name. Google exports such a number as a text.
func (r *reader) integer(slot uint8) (int64, bool) {
	f := r.get(slot)
	if f == nil {
		return 0, false
	}
	return integer(f.Value)
}

func (r *reader) isTrue(slot uint8) bool {
	f := r.get(slot)
	return f != nil && (!f.Text || r.loose) && f.Value == "true"
}
