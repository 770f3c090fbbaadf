package timeline

import "bytes"

// docker takes off what Docker's json-file writes:
//
//	{"log":"…\n","stream":"stdout","time":"2026-11-26T22:46:25.343939123Z"}
//
// Fluent Bit's and Fluentd's lines have the same log and stream, and "kubernetes" beside them.
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
	u.stream = v[1][len(v[1])-2] // of stdout or stderr
	u.from(jsonTextAt(v[3], "container_name", "pod_name"))
	text, _ := jsonText(v[0])
	u.text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	u.partial = len(text) >= dockerPart && text[len(text)-1] != '\n'
	return true
}

var dockerKeys = [...]string{"log", "stream", "time", "kubernetes"}

// dockerPart is how long the parts are that Docker cuts a long line into, but for the last. Only
// such a one goes on: there are writers of this form that leave the newline away everywhere.
//
// https://github.com/moby/moby/blob/master/daemon/logger/copier.go
const dockerPart = 16 << 10
