package conc

type WaitGroup struct{}

func (g *WaitGroup) Go(f func()) {}
