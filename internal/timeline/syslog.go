package timeline

import (
	"bytes"
	"time"
)

// syslog removes the head of a syslog line. It reads the forms of RFC 3164 and RFC 5424, as they
// are sent over the network and as they are written to files:
//
//	<34>Nov 26 22:46:25 host shop[4711]: …
//	Nov 26 22:46:25 host shop[4711]: …                          /var/log/syslog, journalctl
//	2026-11-26T22:46:25.343939+00:00 host shop[4711]: …         rsyslog, journalctl -o short-iso
//	2026-11-26T22:46:25.343939+00:00 app[web.1]: …              heroku logs
//	<34>1 2026-11-26T22:46:25.003Z host shop 4711 ID47 [sd@1 a="b"] …
func (u *unwrapper) syslog() bool {
	h := lineHead{s: u.text}
	sent := h.priority()
	switch {
	case beginsWith(h.ahead(), "1 "):
		return u.syslogNew(h, sent)
	case h.i < len(h.s) && isDigitByte(h.s[h.i]):
		t, ok := shipperStampOf(h.ahead())
		if !ok || !sent && (t.zone != zoneOffset || t.digits != 0 && t.digits != 6) {
			return false // services write such a time, too
		}
		h.i += t.length
		return u.syslogOld(h, sent, t.time(u.reference.Location()))
	}
	at, length := syslogTime(h.ahead(), u.reference)
	if length == 0 {
		return false
	}
	h.i += length
	return u.syslogOld(h, sent, at)
}

// priority moves past a priority, such as <34>, and reports whether there was one.
func (h *lineHead) priority() bool {
	start := *h
	if h.byte('<') {
		n := 0
		for h.i < len(h.s) && n < 4 && isDigitByte(h.s[h.i]) {
			h.i++
			n++
		}
		if 0 < n && n < 4 && h.byte('>') {
			return true
		}
	}
	*h = start
	return false
}

// syslogOld removes a host and a tag behind the time of RFC 3164. A line that was sent over the
// network may lack the host. If it lacks the tag too, all words behind the time are its text.
func (u *unwrapper) syslogOld(h lineHead, sent bool, at time.Time) bool {
	if !h.byte(' ') {
		return false
	}
	behindTime := h
	host := h.word()
	ok := isHost(host) && !isLevelName(host) && h.byte(' ')
	tag, found := h.tag()
	if !(ok && found) { // the host may be missing
		h = behindTime
		tag, found = h.tag()
		ok = sent || h.s[h.i-min(2, h.i)] == ']'
	}
	if ok && found {
		u.from(tag)
		u.instance(h.s[behindTime.i:h.i])
	} else if sent {
		h = behindTime
	} else {
		return false
	}
	u.time = at
	h.byte(' ')
	u.text = withoutMark(h.ahead())
	return true
}

// withoutMark removes the mark that rsyslog's mmjsonparse puts before JSON.
func withoutMark(text []byte) []byte {
	if json, ok := bytes.CutPrefix(text, []byte("@cee:")); ok && isBraced(bytes.TrimLeft(json, " ")) {
		return bytes.TrimLeft(json, " ")
	}
	return text
}

// tag moves past a tag, such as shop[4711]: and returns the name in it.
func (h *lineHead) tag() (name []byte, ok bool) {
	word := h.word()
	name, ok = bytes.CutSuffix(word, []byte(":"))
	if !ok || len(h.ahead()) > 0 && h.ahead()[0] != ' ' {
		return nil, false
	}
	name, pid, _ := bytes.Cut(name, []byte("["))
	if len(pid) > 0 && pid[len(pid)-1] != ']' {
		return nil, false
	}
	name = name[bytes.LastIndexByte(name, '/')+1:]
	return name, isContainerName(name)
}

func isHost(s []byte) bool {
	return len(s) > 0 && bytes.IndexByte(s, '[') < 0 && s[len(s)-1] != ':'
}

// syslogNew removes the head of RFC 5424, section 6. The structured data in the head may contain
// IDs.
func (u *unwrapper) syslogNew(h lineHead, sent bool) bool {
	h.i += len("1 ")
	var at time.Time
	if t, ok := shipperStampOf(h.ahead()); ok {
		at = t.time(u.reference.Location())
		h.i += t.length
	} else if !sent || !h.byte('-') {
		return false
	}
	var words [4][]byte // host, application, process, message
	for i := range words {
		if !h.byte(' ') {
			return false
		}
		words[i] = h.word()
		if len(words[i]) == 0 {
			return false
		}
	}
	if !h.byte(' ') {
		return false
	}
	var ids idMembers
	if !h.structuredData(&ids) || !h.byte(' ') && len(h.ahead()) > 0 {
		return false
	}
	u.text = withoutMark(bytes.TrimPrefix(h.ahead(), []byte("\xEF\xBB\xBF")))
	u.time = at
	if string(words[1]) != "-" {
		u.from(words[1])
		u.instance(words[2]) // the process
	}
	u.merge(&ids)
	return true
}

// structuredData moves past structured data, which is - or [id name="value" …][…]. It adds the IDs
// in the data to ids.
func (h *lineHead) structuredData(ids *idMembers) (ok bool) {
	if h.byte('-') {
		return true
	}
	for h.byte('[') {
		h.i += max(0, bytes.IndexAny(h.ahead(), " ]"))
		for h.byte(' ') {
			name := h.until('=')
			start := h.i + 1
			if !h.byte('=') || !h.quoted() {
				return false
			}
			ids.add(name, h.s[start:h.i])
		}
		if !h.byte(']') {
			return false
		}
		ok = true
	}
	return ok
}

// until moves to the next byte c, if that byte is near, and returns the text before it.
func (h *lineHead) until(c byte) []byte {
	n := max(0, bytes.IndexByte(h.ahead()[:min(len(h.ahead()), maxName)], c))
	h.i += n
	return h.s[h.i-n : h.i]
}

// quoted moves past a text in quotes, with a backslash as escape.
func (h *lineHead) quoted() bool {
	if h.i == len(h.s) || h.s[h.i] != '"' {
		return false
	}
	for i := h.i + 1; i < len(h.s); i++ {
		switch h.s[i] {
		case '\\':
			i++
		case '"':
			h.i = i + 1
			return true
		}
	}
	return false
}
