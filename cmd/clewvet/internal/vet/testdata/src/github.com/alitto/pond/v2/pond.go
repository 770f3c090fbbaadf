package pond

type Pool interface {
	Go(task func()) error
	Submit(task func()) any
}
