package zipkin

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

const longestQuote = 400 // how many characters of another program's text an error may quote

// quote is an error whose text is fixed, so that Error does not call a method of err. Error is
// called under a lock, where no code of other packages may run.
type quote struct {
	text string
	err  error
}

func (q quote) Error() string { return q.text }
func (q quote) Unwrap() error { return q.err }

// quotable returns err in a form that may be logged: on one line, and without the URL, which may
// hold a secret. It keeps only the beginning of a long text, since net/http quotes up to megabytes
// of a reply that it does not understand.
func quotable(err error) error {
	for with := (*url.Error)(nil); errors.As(err, &with) && with.Err != nil; {
		err = with.Err
	}
	text := err.Error()
	strange := func(r rune) bool { return !strconv.IsPrint(r) || r == utf8.RuneError }
	if len(text) > longestQuote || strings.ContainsFunc(text, strange) {
		return fmt.Errorf("%.*q", longestQuote, text)
	}
	return quote{text, err}
}
