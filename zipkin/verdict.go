package zipkin

import "net/http"

// verdict is the outcome of a post.
type verdict uint8

const (
	accepted  verdict = iota
	refused           // refused for good: the spans are lost
	divisible         // refused as too large or malformed: a part may be accepted
	failed            // failed for now, and not because of the spans
	troubled          // failed with an answer of 500: the spans may be to blame
	broken            // failed with a broken connection: the spans may be to blame
)

func judge(status int) verdict {
	switch status {
	case http.StatusRequestEntityTooLarge, http.StatusBadRequest:
		return divisible
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return failed
	case http.StatusInternalServerError:
		return troubled
	}
	if status >= 200 && status <= 299 {
		return accepted
	}
	return refused
}
