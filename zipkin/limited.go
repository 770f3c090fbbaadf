package zipkin

import "errors"

// limited is pieces whose size never exceeds most, in bytes.
type limited struct {
	pieces
	most int
}

var errLong = errors.New("too long")

func (l *limited) Write(text []byte) (int, error) {
	if l.size+len(text) > l.most {
		return 0, errLong
	}
	l.add(text, leastRoom)
	return len(text), nil
}
