package timeline

import (
	"bytes"
	"time"
)

// journald removes the wrapper of journalctl -o json. The field MESSAGE is a text. For a message
// with bytes that are not text, it is an array of bytes. Without --all, journalctl writes null for
// a long message. The function leaves such a line as it is. IDs may be in fields beside MESSAGE.
// zerolog puts its whole line into the field JSON.
//
// https://www.freedesktop.org/software/systemd/man/latest/systemd.journal-fields.html
// https://systemd.io/JOURNAL_EXPORT_FORMATS/#journal-json-format
func (u *unwrapper) journald() bool {
	var v [len(journaldKeys)][]byte
	if !jsonValues(u.text, journaldKeys[:], v[:]) || !isJSONText(v[1]) {
		return false
	}
	microseconds, ok := whole(v[1][1 : len(v[1])-1])
	if !ok {
		return false
	}
	ids := idsOf(u.text) // before jsonText decodes values in place
	message, ok := journalText(v[0])
	if !ok {
		return false
	}
	u.time = time.UnixMicro(microseconds).UTC()
	u.text = bytes.TrimSuffix(message, []byte("\n"))
	u.partial = string(v[2]) == `"true"`
	u.stream = 'j'
	if isJSONText(v[3]) {
		u.stream = v[3][1] // PRIORITY differs between standard error and standard output
	}
	if line, ok := jsonText(v[4]); ok && isBraced(bytes.TrimSuffix(line, []byte("\n"))) {
		u.text = bytes.TrimSuffix(line, []byte("\n"))
	} else {
		u.merge(&ids)
	}
	if pid, ok := jsonText(v[5]); ok {
		u.instance(pid)
	}
	for _, name := range v[6:] {
		if name, ok := jsonText(name); ok && len(name) > 0 {
			u.from(bytes.TrimSuffix(name, []byte(".service")))
			break
		}
	}
	return true
}

// The keys from CONTAINER_NAME on contain the name of the service. The best key comes first. The
// container comes before the unit, because all containers of Docker have the same unit.
var journaldKeys = [...]string{"MESSAGE", "__REALTIME_TIMESTAMP", "CONTAINER_PARTIAL_MESSAGE", "PRIORITY", "JSON", "_PID",
	"CONTAINER_NAME", "_SYSTEMD_USER_UNIT", "_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER", "_COMM"}

// journalText returns the text of a field. An array of bytes is decoded in place.
func journalText(value []byte) (text []byte, ok bool) {
	if isJSONText(value) {
		return jsonText(value)
	}
	if len(value) < 2 || value[0] != '[' || !areBytes(value) {
		return nil, false
	}
	text = value[:0]
	n := 0
	for _, c := range value[1:] {
		switch {
		case isDigitByte(c):
			n = n*10 + int(c-'0')
		case c == ',' || c == ']':
			text = append(text, byte(n))
			n = 0
		}
	}
	return text, true
}

// areBytes reports whether value is an array of bytes that is not empty.
func areBytes(value []byte) bool {
	items := value[1 : len(value)-1]
	for more := true; more; {
		var item []byte
		item, items, more = bytes.Cut(items, []byte(","))
		if n, ok := whole(bytes.Trim(item, " \t")); !ok || n > 255 {
			return false
		}
	}
	return true
}
