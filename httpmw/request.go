package httpmw

import "net/http"

// made reports whether this process has made r itself, as a handler may do while it serves its own
// request. A server sets RequestURI and RemoteAddr. http.ReadRequest sets only RequestURI, and
// http.NewRequest sets neither.
func made(r *http.Request) bool { return r.RequestURI == "" || r.RemoteAddr == "" }

// giveBack copies the form and the pattern from seen, the copy, to given, the original. net/http
// needs the form to remove its files, and middleware further out names spans and metrics by the
// pattern. Unchanged fields are not written, since other code may be reading given.
func giveBack(given, seen *http.Request) {
	if seen.MultipartForm != nil && seen.MultipartForm != given.MultipartForm {
		given.MultipartForm = seen.MultipartForm
	}
	if given.Pattern != seen.Pattern {
		given.Pattern = seen.Pattern
	}
}
