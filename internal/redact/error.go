package redact

import (
	"errors"
	"net/url"

	"example.com/clew/internal/clip"
)

// ErrTextless stands for an error that has no text, or whose methods panic.
var ErrTextless = errors.New("error without a text")

// Error returns what may be said of err, with which a request to u has ended: the text, and err or
// what is left of it. u may be nil. First, strip takes away what it knows, if it is not nil.
//
// A method of err that panics, as that of a nil pointer may, must not end a request or a call that
// would go on without us.
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
