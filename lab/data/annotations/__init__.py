"""Boxes around objects in images, as tools for marking them write them: COCO's JSON, VOC's XML, YOLO's text files."""
