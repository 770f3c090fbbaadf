package zipkin

import "errors"

// The type limited holds pieces. Write fails if their size would exceed limit bytes.
type limited struct {
	pieces
	limit int
}

var errLong = errors.New("too long")

func (l *limited) Write(text []byte) (int, error) {
	if l.size+len(text) > l.limit {
		return 0, errLong
	}
	l.add(text, leastRoom)
	return len(text), nil
}
