package httpmw

import "net/http"

// made reports whether r was made here, by a handler that serves its own request with it. A server
// sets both fields, http.ReadRequest only RequestURI, http.NewRequest neither.
func made(r *http.Request) bool { return r.RequestURI == "" || r.RemoteAddr == "" }

// giveBack copies two fields back to given. net/http removes the files of the form, and middleware
// further out names spans and metrics by the pattern. Unchanged fields are not written, since
// other code may be reading given.
func giveBack(given, seen *http.Request) {
	if seen.MultipartForm != nil && seen.MultipartForm != given.MultipartForm {
		given.MultipartForm = seen.MultipartForm
	}
	if given.Pattern != seen.Pattern {
		given.Pattern = seen.Pattern
	}
}
