package timeline

import "bytes"

// stamped takes off a time that stands before a line, and what stands between the two:
//
//	2026-11-26T22:46:25.343939123Z …                 kubectl logs --timestamps, docker logs -t
//	2026-11-26T22:46:25.343000+00:00 stream-name …   aws logs tail
//	2026-11-26T22:46:25 {…}                          aws logs tail --format short
//	2026-11-26T22:46:25Z {app="shop"} …              logcli
//
// Services write times before their lines themselves, and the parser of lines needs these. So the
// time goes only where it has the nine digits that the first two always write, or where what
// follows shows that a shipper wrote it.
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

// awsStream goes behind the name of a log stream. A word after a time may be anything. So it has
// to have a slash within, as the streams of ECS (prefix/container/task) and Lambda
// (2026/11/26/[$LATEST]…) have, or a JSON object after it.
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
