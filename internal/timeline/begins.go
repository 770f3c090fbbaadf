package timeline

import "bytes"

// Begins reports whether a line of a source certainly begins an entry: the line is not indented,
// and it is JSON or has a time near its beginning.
func Begins(line []byte) bool {
	if _, _, text := cutByCRI(line); text != nil {
		line = text
	}
	if len(line) == 0 || line[0] == ' ' || line[0] == '\t' {
		return false
	}
	return line[0] == '{' || hasClock(line[:min(len(line), 128)])
}

// hasClock reports whether text has a time such as 10:11:12.
func hasClock(text []byte) bool {
	for {
		at := bytes.IndexByte(text, ':')
		if at < 0 || at+6 > len(text) {
			return false
		}
		if at >= 2 && clockDigits(text[at-2:at]) && clockDigits(text[at+1:at+3]) && text[at+3] == ':' && clockDigits(text[at+4:at+6]) {
			return true
		}
		text = text[at+1:]
	}
}

func clockDigits(text []byte) bool {
	for _, c := range text {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}
