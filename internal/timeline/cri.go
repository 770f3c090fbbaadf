package timeline

// cri removes the wrapper of Kubernetes' container runtimes:
//
//	2026-11-26T22:46:25.343939123Z stdout F …
//
// The tag P marks a part that is not the last of its line. The tag F marks the last part, or a
// whole line. More tags may follow, each behind a colon.
//
// https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md
func (u *unwrapper) cri() bool {
	t, ok := shipperStampOf(u.text)
	if !ok {
		return false
	}
	s := u.text[t.length:]
	if !beginsWith(s, " stdout ") && !beginsWith(s, " stderr ") || len(s) < 9 {
		return false
	}
	tag := s[8]
	if tag != 'F' && tag != 'P' {
		return false
	}
	text := s[9:]
	if len(text) > 0 && text[0] == ':' {
		text = text[tokenEnd(text):]
	}
	if len(text) > 0 && text[0] != ' ' {
		return false
	}
	u.text = text[min(1, len(text)):]
	u.time = t.time(u.reference.Location())
	u.stream = s[6] // the last letter of stdout or stderr
	u.partial = tag == 'P'
	return true
}
