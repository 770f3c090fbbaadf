package redact

import (
	"errors"
	"net/url"

	"example.com/clew/internal/clip"
)

// ErrTextless replaces an error that has no text, or whose method panics.
var ErrTextless = errors.New("error without a text")

// Error returns a text of err that is safe to log, and an error that is safe to pass on: err
// itself, or else an error with the safe text. err is the error of a request to u, which may be
// nil. If strip is not nil, Error calls strip first, to remove secrets that the caller knows.
//
// A method of err may panic, for instance the method of a nil pointer. The panic must not end a
// request or a call that would continue without clew.
func Error(err error, u *url.URL, strip func(error) error) (text string, told error) {
	defer func() {
		if recover() != nil {
			text, told = ErrTextless.Error(), ErrTextless
		}
	}()
	told = err
	if strip != nil {
		told = strip(err)
	}
	text = told.Error()
	if clean := clip.UTF8(Of(text, u)); clean != text { // net/http quotes a malformed response
		text, told = clean, errors.New(clean)
	}
	return text, told
}
