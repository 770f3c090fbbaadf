package line

import "strconv"

// fault is the error for a line that cannot be read.
type fault struct {
	at  int    // the index of the byte
	why string // our own text, never a text from the line
}

func (f fault) Error() string {
	return "line: " + f.why + " at byte " + strconv.Itoa(f.at)
}

// reader reads a line. It has no pointer to the Line, because with a pointer the Line could not
// stay on the stack.
type reader struct {
	text   string
	pos    int
	fields []Field
	names  *known
	loose  bool // the line is not JSON, so a text may look like a number, true or false

	at    [maxNames]int32 // for each known name, the index of its field, plus one; 0: no such field
	inner [maxNames]bool  // for each known name, whether that field is in a nested object
	score uint64          // one byte for each vendor: how many of its names the line has

	inside bool // pos is in a nested object
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

// add appends a field. If its name is a known one, add notes the field's index.
func (r *reader) add(key, value string, text bool) {
	r.fields = append(r.fields, Field{key, value, text})
	if slot := r.names.find(key); slot >= 0 {
		switch {
		case r.at[slot] == 0:
			r.score += r.names.scores[slot]
		case r.inside && !r.inner[slot]: // a user's group must not replace our own "trace.id"
			return
		}
		r.at[slot], r.inner[slot] = int32(len(r.fields)), r.inside
	}
}

// get returns the field with a known name. It is nil if the line lacks the field, or if the value
// is null.
func (r *reader) get(slot uint8) *Field {
	if i := r.at[slot]; i > 0 {
		if f := &r.fields[i-1]; f.Text || f.Value != "null" {
			return f
		}
	}
	return nil
}

// str returns the text of the field with a known name.
func (r *reader) str(slot uint8) (string, bool) {
	if f := r.get(slot); f != nil && (f.Text || r.loose) {
		return f.Value, true
	}
	return "", false
}

// integer returns the whole number in the field with a known name. The number may be a text,
// because Google exports it as one.
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
