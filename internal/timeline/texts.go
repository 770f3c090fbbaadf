package timeline

// texts keeps a limited number of texts, because many texts occur again and again.
type texts [512]string

// textTries is the number of slots in which a text may be.
const textTries = 4

// share returns b as a string. If possible, it returns an equal string that it has returned
// before, and allocates nothing.
func (t *texts) share(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > 256 {
		return string(b)
	}
	first := uint(len(b))*131 ^ uint(b[0])*31 ^ uint(b[len(b)-1])*17 ^ uint(b[len(b)/2])*7
	free := first
	for i := first; i < first+textTries; i++ {
		slot := &t[i%uint(len(t))]
		if *slot == string(b) {
			return *slot
		}
		if *slot == "" {
			free = i
			break
		}
	}
	t[free%uint(len(t))] = string(b)
	return t[free%uint(len(t))]
}
