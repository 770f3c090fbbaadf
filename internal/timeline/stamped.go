package timeline

import "bytes"

// stamped removes a time before a line, and any text between the time and the line:
//
//	2026-11-26T22:46:25.343939123Z …                 kubectl logs --timestamps, docker logs -t
//	2026-11-26T22:46:25.343000+00:00 stream-name …   aws logs tail
//	2026-11-26T22:46:25 {…}                          aws logs tail --format short
//	2026-11-26T22:46:25Z {app="shop"} …              logcli
//
// Services write times before their lines, too, and the parser of lines needs those. So stamped
// removes a time only in two cases: the fraction of the time has nine digits, as kubectl and
// docker always write it, or the text behind the time shows that a shipper wrote it.
func (u *unwrapper) stamped() bool {
	h := lineHead{s: u.text}
	h.colours()
	t, ok := shipperStampOf(h.ahead())
	if !ok {
		return false
	}
	h.i += t.length
	h.colours()
	if !h.byte(' ') {
		return false
	}
	var ids idMembers
	switch {
	case t.zone != zoneNone && u.logcliLabels(&h, &ids):
	case t.digits == 9 && t.zone != zoneNone:
	case isBraced(h.ahead()):
	case t.zone == zoneOffset && (t.digits == 0 || t.digits == 6) && u.awsStream(&h):
	default:
		return false
	}
	u.time = t.time(u.reference.Location())
	u.text = h.ahead()
	u.merge(&ids)
	return true
}

// awsStream moves past the name of a log stream. Any word may follow a time. So the word must
// contain a slash, as the streams of ECS (prefix/container/task) and Lambda
// (2026/11/26/[$LATEST]…) do, or a JSON object must follow the word.
//
// https://docs.aws.amazon.com/cli/latest/reference/logs/tail.html
func (u *unwrapper) awsStream(h *lineHead) bool {
	next := *h
	next.colours()
	stream := next.word()
	next.colours()
	if len(stream) == 0 || !next.byte(' ') {
		return false
	}
	slash := bytes.IndexByte(stream, '/')
	if slash <= 0 && !isBraced(next.ahead()) || bytes.ContainsAny(stream, `="`) {
		return false
	}
	if prefix, names, ok := bytes.Cut(stream, []byte("/")); ok && len(prefix) > 0 {
		container, task, _ := bytes.Cut(names, []byte("/"))
		if len(task) == 32 { // of ECS
			stream = container
		}
	}
	u.from(stream)
	*h = next
	return true
}
