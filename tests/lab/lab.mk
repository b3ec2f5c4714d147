# lab.mk: the lab's part of the root Makefile (real hosts and real products, see tests/lab/README.md)
LAB := tests/lab/lab
LAB_HOSTS ?= node1 node2 node3

.PHONY: lab-deps lab-up lab-down lab-products lab-test

lab-deps: ## install what the lab needs (mmdebstrap, nftables, a JDK, Maven, npm, ...) by apt
	tests/lab/deps

lab-up: lab-deps ## boot the lab's hosts (LAB_HOSTS="node1 node2 node3")
	$(LAB) up $(LAB_HOSTS)

lab-down: ## remove the lab's hosts and all they made
	$(LAB) down

lab-products: lab-deps ## build the product packages that are missing in the cache
	$(LAB) products

lab-test: lab-deps ## check the lab's own promises (half a minute)
	tests/lab/selftest
