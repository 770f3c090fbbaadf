package timeline

import "bytes"

// docker removes the wrapper of Docker's json-file driver:
//
//	{"log":"…\n","stream":"stdout","time":"2026-11-26T22:46:25.343939123Z"}
//
// Fluent Bit and Fluentd write the same keys "log" and "stream", and add the key "kubernetes".
//
// https://docs.docker.com/engine/logging/drivers/json-file/
func (u *unwrapper) docker() bool {
	if !hasFirstKey(u.text, "log") && !hasFirstKey(u.text, "stream") {
		return false
	}
	var v [4][]byte
	if !jsonValues(u.text, dockerKeys[:], v[:]) || !isJSONText(v[0]) || !isJSONText(v[1]) || len(v[1]) < 3 {
		return false
	}
	if !u.at(v[2]) && v[3] == nil {
		return false
	}
	u.stream = v[1][len(v[1])-2] // the last letter of stdout or stderr
	u.from(jsonTextAt(v[3], "container_name", "pod_name"))
	text, _ := jsonText(v[0])
	u.text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	u.partial = len(text) >= dockerPart && text[len(text)-1] != '\n'
	return true
}

var dockerKeys = [...]string{"log", "stream", "time", "kubernetes"}

// dockerPart is the length of the parts into which Docker cuts a long line. Only the last part is
// shorter. A shorter part is never continued, even if it lacks a newline, because some writers of
// this form leave out all newlines.
//
// https://github.com/moby/moby/blob/master/daemon/logger/copier.go
const dockerPart = 16 << 10
