package servicemap

import "strings"

// hole replaces a part of a path that looks like an ID.
const hole = "{…}"

// mostParts is how many parts of a path are kept.
const mostParts = 8

// appendTemplate appends a path with a hole for each part that looks like an ID: /media/{…} for
// /media/123. Otherwise a service without routes would have a node for each ID.
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

// looksLikeID reports whether a part of a path is an ID rather than a word: a number, hexadecimal
// digits, a UUID, or a long text with a digit. Words such as v1 and oauth2 are no IDs.
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

// mayServe reports whether the operations of a request and of a call agree, so that the request
// may have answered the call. The request's operation has a route or a template, and the call's
// has a template. A missing method or path matches any.
func mayServe(request, call string) bool {
	method, route, _ := cutMethod(request)
	other, path, _ := cutMethod(call)
	if method != "" && other != "" && method != other {
		return false
	}
	if i := strings.IndexByte(route, '/'); i > 0 { // a pattern of net/http may begin with a host
		route = route[i:]
	}
	return route == "" || path == "" || matches(route, path)
}

// matches reports whether a path matches a route, part by part.
func matches(route, path string) bool {
	for {
		part, routeLeft, more := strings.Cut(route, "/")
		theirs, pathLeft, theirMore := strings.Cut(path, "/")
		switch {
		case isBelow(part) || theirs == "…":
			return true
		case part == "" && !more && theirs != "": // a pattern that ends in a slash
			return true
		case !matchesPart(part, theirs):
			return false
		case !more || !theirMore:
			return more == theirMore || more && routeLeft == ""
		}
		route, path = routeLeft, pathLeft
	}
}

// isBelow reports whether a part of a route matches the whole rest of a path.
func isBelow(part string) bool {
	return part == "…" || strings.HasSuffix(part, "...}") || strings.HasPrefix(part, "*")
}

// matchesPart reports whether a part of a route matches a part of a path. {$} is the end of a
// pattern of net/http.
func matchesPart(part, theirs string) bool {
	if part == theirs {
		return true
	}
	return strings.ContainsAny(part, "{:<*") && (part != "{$}" || theirs == "")
}

// cutMethod divides an operation into its method and its path.
func cutMethod(operation string) (method, path string, found bool) {
	if strings.HasPrefix(operation, "/") {
		return "", operation, false
	}
	return strings.Cut(operation, " ")
}
