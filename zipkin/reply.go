package zipkin

import (
	"errors"
	"fmt"
	"net/http"
)

// reply is the answer of a collector to a post that it did not accept.
type reply struct {
	status int
	said   []byte
	plain  bool // the post was not compressed
}

func (r *reply) Error() string { return "collector answered " + r.text(longestQuote) }

func (r *reply) text(most int) string {
	text := fmt.Sprintf("%d %.*q", r.status, most, r.said)
	if r.plain {
		text += " to plain JSON"
	}
	return text
}

// mayBeUnread reports whether a compressed post may have been refused because it was compressed.
func (r *reply) mayBeUnread() bool {
	return r.status == http.StatusBadRequest || r.status == http.StatusUnsupportedMediaType
}

// The method and returns one error that quotes two answers: r is the answer to gzip, and err is
// the answer to plain JSON. If r is nil, the method returns err.
func (r *reply) and(err error) error {
	if r == nil {
		return err
	}
	text := err.Error()
	if plain := (*reply)(nil); errors.As(err, &plain) {
		text = plain.text(longestQuote / 2)
	}
	return fmt.Errorf("collector answered %s to gzip, and %s", r.text(longestQuote/2), text)
}
