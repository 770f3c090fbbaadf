package redact

import (
	"errors"
	"net/url"

	"example.com/clew/internal/clip"
)

// ErrTextless takes the place of an error without a text, or with a method that panics.
var ErrTextless = errors.New("error without a text")

// Error returns the text of err that may be logged, and the error that may be passed on: err, or
// what is left of it. A request to u has ended with err. u may be nil. If strip is not nil, Error
// calls it first, to remove what the caller knows.
//
// A method of err may panic, as a nil pointer's may. That must not end a request or a call that
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
