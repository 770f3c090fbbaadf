package httpclient

import "net/http"

// outgoing is the copy of a request that base gets, together with its attempt: one allocation.
type outgoing struct {
	request http.Request
	attempt attempt
}

// loggedOutgoing is an outgoing with the line of its attempt.
type loggedOutgoing struct {
	outgoing
	call call
}
