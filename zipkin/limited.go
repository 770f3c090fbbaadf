package zipkin

import "errors"

// limited is pieces that take no more than most bytes.
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
