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
