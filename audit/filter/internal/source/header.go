package source

import (
	"errors"
	"net/textproto"
	"strings"

	"example.com/clew/audit/filter/internal/rules"
)

// readHeader reads a file that has one line, "Name: value". No error quotes the line, because it
// may contain a credential.
func readHeader(path string) (name, value string, err error) {
	text, err := readFile(path, rules.MaxFile)
	if err != nil {
		return "", "", err
	}
	line := strings.TrimRight(string(text), "\r\n")
	name, value, ok := strings.Cut(line, ":")
	value = strings.Trim(value, " \t")
	switch {
	case !ok || !isToken(name) || value == "":
		return "", "", errors.New(`not one line "Name: value"`)
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		return "", "", errors.New("more than one line, or a character that no header can have")
	}
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Connection", "Content-Length", "Host", "If-Modified-Since", "If-None-Match", "Range", "Trailer",
		"Transfer-Encoding", "Upgrade":
		return "", "", errors.New("a header that the request sets itself")
	}
	return name, value, nil
}

// isToken reports whether s is a valid name of a header by RFC 9110.
func isToken(s string) bool {
	const marks = "!#$%&'*+-.^_`|~"
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(marks, r))
	})
}
