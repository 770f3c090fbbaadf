package timeline

import "bytes"

// stern removes the prefix of stern, also with colours, and a namespace before it:
//
//	shop-7d9f8c6b5-x2x9z shop …
//
// The only sign of the prefix is the name that Kubernetes gives to a pod. The name of a pod in a
// stateful set ends only with a number, as many words do, so a JSON object must follow. After a
// namespace, the name of the pod must contain the name of the container, because "deleted
// shop-7d9f8c6b5-x2x9z successfully" is a message.
//
// https://github.com/stern/stern/blob/master/cmd/cmd.go
func (u *unwrapper) stern() bool {
	h := lineHead{s: u.text}
	pod, ok := h.name()
	if !ok {
		return false
	}
	container, ok := h.name()
	if !ok {
		return false
	}
	if !isPod(pod) {
		behind := h
		if c, ok := behind.name(); ok && isPod(container) && bytes.Contains(container, c) {
			// The first word is the namespace, not the pod.
			container, h = c, behind
		} else if bytes.Equal(withoutNumber(pod), pod) || !isBraced(h.ahead()) {
			return false
		}
	}
	u.from(container)
	u.instance(h.s[:h.i])
	u.text = h.ahead()
	return true
}

// isPod reports whether Kubernetes has given the name to a pod. Such a name ends in five letters
// and digits, without vowels and without digits that look like vowels.
//
// https://github.com/kubernetes/apimachinery/blob/master/pkg/util/rand/rand.go
func isPod(name []byte) bool {
	const length = 5
	at := len(name) - length
	if at < 2 || name[at-1] != '-' {
		return false
	}
	for _, c := range name[at:] {
		if bytes.IndexByte([]byte("bcdfghjklmnpqrstvwxz2456789"), c) < 0 {
			return false
		}
	}
	return true
}

// sternJSON removes the wrapper of stern -o json and -o extjson:
//
//	{"message":"…","nodeName":"n1","namespace":"prod","podName":"shop-x2x9z","containerName":"shop"}
//	{"pod": "shop-x2x9z", "container": "shop", "message": …}
func (u *unwrapper) sternJSON() bool {
	long := beginsWith(u.text, `{"message":`) && bytes.Contains(u.text, []byte(`"podName":`))
	if !long && !beginsWith(u.text, `{"pod":`) && !beginsWith(u.text, `{"namespace":`) {
		return false
	}
	var v [5][]byte
	if !jsonValues(u.text, sternKeys[:], v[:]) || v[0] == nil {
		return false
	}
	pod, container := v[1], v[2]
	if !long {
		pod, container = v[3], v[4]
	}
	if !isJSONText(pod) || !isJSONText(container) {
		return false
	}
	u.text = v[0] // with -o extjson, this may be an object
	if text, ok := jsonText(v[0]); ok {
		u.text = bytes.TrimSuffix(text, []byte("\n"))
	}
	name, _ := jsonText(container)
	u.from(name)
	name, _ = jsonText(pod)
	u.instance(name)
	return true
}

var sternKeys = [...]string{"message", "podName", "containerName", "pod", "container"}
