package timeline

import "bytes"

// kubectl removes the prefix of kubectl logs --prefix, and of kubetail:
//
//	[pod/shop-7d9f8c6b5-x2x9z/shop] …
//	[shop-7d9f8c6b5-x2x9z shop] …
//
// https://kubernetes.io/docs/reference/kubectl/generated/kubectl_logs/
func (u *unwrapper) kubectl() bool {
	end := bytes.Index(u.text[:min(len(u.text), 2*maxName)], []byte("] "))
	if end < 0 {
		return false
	}
	names, prefix := bytes.CutPrefix(u.text[1:end], []byte("pod/"))
	between := "/"
	if !prefix {
		between = " "
	}
	pod, container, two := bytes.Cut(names, []byte(between))
	if prefix && !two || !prefix && !isPod(pod) || !isContainerName(pod) || len(container) > 0 && !isContainerName(container) {
		return false
	}
	u.from(pod)
	u.from(container)
	u.instance(names)
	u.text = u.text[end+2:]
	return true
}
