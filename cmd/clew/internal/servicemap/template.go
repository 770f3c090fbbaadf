package servicemap

import "strings"

// hole is what stands in a path for a part that looks like an ID.
const hole = "{…}"

// mostParts is how many parts of a path are kept.
const mostParts = 8

// appendTemplate appends a path in which parts that look like IDs are a hole: /media/{…} for
// /media/123. Services without routes would have a node for each medium else.
func appendTemplate(dst []byte, path string) []byte {
	for n := 0; len(path) > 0; n++ {
		if n == mostParts {
			return append(dst, "/…"...)
		}
		slash := path[0] == '/'
		if slash {
			path = path[1:]
			dst = append(dst, '/')
		}
		part := path
		if i := strings.IndexByte(path, '/'); i >= 0 {
			part = path[:i]
		}
		path = path[len(part):]
		if looksLikeID(part) {
			dst = append(dst, hole...)
		} else {
			dst = append(dst, part...)
		}
	}
	return dst
}

// looksLikeID tells whether a part of a path is an ID rather than a word: a number, hexadecimal
// digits, a UUID, or a long text with a digit. Words such as v1 and oauth2 are none.
func looksLikeID(part string) bool {
	digits, hex, others := 0, 0, 0
	for i := range len(part) {
		switch c := part[i]; {
		case c-'0' <= 9:
			digits++
		case c|' '-'a' < 6:
			hex++
		case c == '-' || c == '.' || c == '_' || c == ',' || c == ':':
		default:
			others++
		}
	}
	switch {
	case others == 0 && hex == 0:
		return digits > 0
	case others == 0:
		return digits > 0 && digits+hex >= 8
	}
	return digits > 0 && len(part) >= 16 || len(part) > 64
}

// mayServe tells whether a request with an operation may have answered a call with another one. The
// request's has a route, or a template as the call's has. One that says no method or no path may be
// any.
func mayServe(request, call string) bool {
	method, route, _ := cutMethod(request)
	other, path, _ := cutMethod(call)
	if method != "" && other != "" && method != other {
		return false
	}
	if i := strings.IndexByte(route, '/'); i > 0 { // a pattern of net/http may begin with a host
		route = route[i:]
	}
	if route == "" || path == "" {
		return true
	}
	for {
		var part, theirs string
		var more, theirMore bool
		part, route, more = strings.Cut(route, "/")
		theirs, path, theirMore = strings.Cut(path, "/")
		switch {
		case theirs == "…" || part == "…" || strings.HasSuffix(part, "...}") || strings.HasPrefix(part, "*"):
			return true // of all that is below
		case part == "" && !more && theirs != "": // a pattern that ends in a slash too
			return true
		case part != theirs && (part == "{$}" && theirs != "" || !strings.ContainsAny(part, "{:<*")):
			return false
		case !more || !theirMore:
			return more == theirMore || more && route == ""
		}
	}
}

// cutMethod divides an operation into its method and its path.
func cutMethod(operation string) (method, path string, found bool) {
	if strings.HasPrefix(operation, "/") {
		return "", operation, false
	}
	return strings.Cut(operation, " ")
}
